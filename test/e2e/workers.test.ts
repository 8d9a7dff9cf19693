import { describe, expect, it } from 'vitest';
import { createServerDatabase } from '../helpers/databases.ts';
import {
  callerOf,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
  truthOf,
} from '../helpers/host.ts';
import { runProgram } from '../helpers/processes.ts';

describe('worker processes beside a host that does not work', () => {
  it('share one PostgreSQL, and one of them finishes what a killed one began', async () => {
    const { url, drop } = await createServerDatabase();
    const cloud = await startCloud({ gateways: 10, connectionsPerGateway: 4, attachments: 10 });
    const environment = {
      ...quickWorker,
      ...cloud.environment,
      DATABASE_URL: url,
      DATA_DIR: await temporaryFolder(),
      LOG_LEVEL: 'error',
    };
    const host = await startHostProcess({ ...environment, HOST_WORKER: 'off' });
    const [doomed, survivor] = [1, 2].map(() => runProgram('local/worker/main.ts', environment));
    await Promise.all([doomed, survivor].map((worker) => worker?.printed(/^working as wrk_\w+$/m)));
    const caller = callerOf(host.url, host.freshToken);
    const { connections } = cloud.inventory;

    const { id } = await caller.submit(planFor(connections, { EnableNatTraversal: false }));
    await caller.until(id, ({ counts }) => (counts.succeeded ?? 0) >= 10);
    await doomed?.end('SIGKILL');
    const job = await caller.ended(id);
    const code = await survivor?.end('SIGTERM');
    await host.end('SIGTERM');
    await drop();

    expect(job).toMatchObject({ state: 'succeeded', total: connections.length });
    expect(truthOf(await cloud.record())).toEqual({
      effective: new Map(connections.map((connection) => [connection.id, 1])),
      overlaps: 0,
      maxInFlight: 1,
    });
    expect(code).toBe(0);
  }, 90_000);

  it('refuses to start without what it needs, every variable named', async () => {
    const worker = runProgram('local/worker/main.ts', { POLL_INTERVAL_MS: '100' });

    const code = await worker.ended();

    expect(code).toBe(78);
    for (const name of ['DATABASE_URL', 'VPC_ENDPOINT', 'ALIBABA_CLOUD_ACCESS_KEY_ID'])
      expect(worker.stderr()).toContain(name);
  });
});
