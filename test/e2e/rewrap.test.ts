import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { KMS_KEY_ID } from '../../local/simulator/kms/account.ts';
import {
  callerOf,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
} from '../helpers/host.ts';
import { runProgram } from '../helpers/processes.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

describe('replacing SECRETS_KEY', () => {
  it('moves a database from a key of its own to one in KMS, and the former one opens it no more', async () => {
    const cloud = await startCloud({ gateways: 2, connectionsPerGateway: 2, attachments: 0 });
    const dataDir = await temporaryFolder();
    const before = { ...cloud.environment, ...quickWorker, DATA_DIR: dataDir };
    const inKms = {
      ...before,
      KMS_ENDPOINT: cloud.url,
      FC_REGION: 'cn-hangzhou',
      SECRETS_KEY: `kms:${KMS_KEY_ID}`,
    };
    const first = await startHostProcess(before);
    const plan = planFor(cloud.inventory.connections.slice(0, 2), {
      IkeConfig: { Psk: 'aKeyForBothSides1' },
    });
    const caller = callerOf(first.url, first.freshToken);
    const { id } = await caller.submit(plan);
    await caller.ended(id);
    await first.end('SIGTERM');

    const former = await readFile(join(dataDir, 'secrets.key'), 'utf8');
    const rewrap = runProgram('local/rewrap/main.ts', {
      ...inKms,
      SECRETS_KEY_SECOND: former,
      LOG_LEVEL: 'warn',
    });

    expect([await rewrap.ended(), rewrap.stderr()]).toEqual([0, '']);
    expect(rewrap.stdout()).toMatch(/^[1-9]\d* rewrapped; nothing is sealed/m);
    expect(await runProgram('local/host/main.ts', { ...before, PORT: '0' }).ended()).toBe(78);
    const after = await startHostProcess(inKms);
    const again = callerOf(after.url, first.freshToken);
    const next = await again.submit(
      planFor(cloud.inventory.connections.slice(2, 3), {
        IkeConfig: { Psk: 'aKeyForBothSides2' },
      }),
    );
    expect((await again.ended(next.id)).state).toBe('succeeded');
    expect(await after.end('SIGTERM')).toBe(0);
  });

  it('wants the key that goes', async () => {
    const program = runProgram('local/rewrap/main.ts', { DATA_DIR: ':memory:' });

    expect(await program.ended()).toBe(78);
    expect(program.stderr()).toContain('"path":"SECRETS_KEY_SECOND"');
  });
});
