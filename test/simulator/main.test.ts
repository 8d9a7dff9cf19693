import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import Core from '@alicloud/pop-core';
import { afterEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../local/simulator/settings.ts';
import { DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';

const started: ChildProcessWithoutNullStreams[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function start(environment: Readonly<Record<string, string>>): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/simulator/main.ts'], {
    env: { PATH: process.env.PATH, PORT: '0', ...environment },
  });
  started.push(child);
  return child;
}

async function outputUntil(
  child: ChildProcessWithoutNullStreams,
  pattern: RegExp,
): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (pattern.test(text)) return text;
  }
  return text;
}

describe('npm run simulator (BEHAVIOUR.md "Running it")', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'prints where it listens, serves, and stops on %s',
    async (signal) => {
      const child = start({ SIM_GATEWAYS: '2', SIM_CONNECTIONS_PER_GATEWAY: '3' });
      const text = await outputUntil(child, /access key.*\n/);
      const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/m.exec(text)?.[1] ?? '';
      const client = new Core({ ...DEMO_ACCESS_KEY, endpoint: url, apiVersion: '2016-04-28' });

      const answer = await client.request(
        'DescribeVpnConnections',
        { RegionId: 'cn-hangzhou' },
        { method: 'POST', timeout: 5_000 },
      );
      child.kill(signal);
      const [code] = await once(child, 'exit');

      expect(text).toContain(
        'cn-hangzhou: 2 gateways, 17 connections; access key LTAIsimulator / simulator-secret',
      );
      expect(answer).toMatchObject({ TotalCount: 17 });
      expect(code).toBe(0);
    },
  );

  it('names every bad value at once and exits with 78', async () => {
    const child = start({ PORT: 'x', SIM_FAULTS: 'maybe', SIM_SETTLE_MS: '9-1' });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });

    const [code] = await once(child, 'close');

    expect(code).toBe(78);
    expect(errors.match(/^[A-Z_]+/gm)).toEqual(['PORT', 'SIM_SETTLE_MS', 'SIM_FAULTS']);
  });
});

describe('settings (BEHAVIOUR.md "Running it")', () => {
  it('have defaults', () => {
    expect(readSettings({})).toEqual({
      host: '127.0.0.1',
      port: 8790,
      seed: 1,
      gateways: 10,
      connectionsPerGateway: 5,
      attachments: 10,
      dualTunnelShare: 0,
      settleMs: { min: 3_000, max: 15_000 },
      isFaulty: false,
    });
  });

  it('take what is given', () => {
    expect(
      readSettings({
        PORT: '1',
        SIM_SEED: '7',
        SIM_DUAL_TUNNEL_SHARE: '0.25',
        SIM_SETTLE_MS: '10-20',
        SIM_FAULTS: 'on',
      }),
    ).toMatchObject({
      port: 1,
      seed: 7,
      dualTunnelShare: 0.25,
      settleMs: { min: 10, max: 20 },
      isFaulty: true,
    });
  });

  it.each([
    { PORT: '65536' },
    { PORT: '' },
    { HOST: '' },
    { SIM_SEED: '-1' },
    { SIM_GATEWAYS: '1e3' },
    { SIM_DUAL_TUNNEL_SHARE: '1.1' },
    { SIM_DUAL_TUNNEL_SHARE: '' },
    { SIM_SETTLE_MS: '10' },
  ])('refuse %j', (environment) => {
    expect(() => readSettings(environment)).toThrow(
      expect.objectContaining({ code: 'bad_settings' }),
    );
  });
});
