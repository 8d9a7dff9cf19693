import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import {
  callerOf,
  type HostProcess,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
  truthOf,
} from '../helpers/host.ts';
import { runProgram } from '../helpers/processes.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const main = 'local/host/main.ts';

/** Listens on a loopback port until it is let go. */
function takePort(): Promise<{ port: number; letGo: () => void }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ port, letGo: () => server.close() });
    });
  });
}

/** A plan whose headers the host has taken and whose body it still waits for; `finish` sends that and gives the status. */
function beginRequest(host: HostProcess): Promise<{ finish(): Promise<number> }> {
  const body = JSON.stringify({
    title: 'late',
    targets: [{ regionId: 'cn-hangzhou', vpnConnectionId: 'vco-bp1aaaaaaaaaaaaaaaaaa' }],
    set: { EnableDpd: true },
  });
  const outgoing = request(`${host.url}/v1/jobs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${host.freshToken}`,
      'content-type': 'application/json',
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  const status = new Promise<number>((resolve, reject) => {
    outgoing.on('response', (response) => resolve(response.resume().statusCode ?? 0));
    outgoing.on('error', reject);
  });
  // Of the request that is cut in the end nobody asks.
  status.catch(() => undefined);
  outgoing.flushHeaders();
  const finish = (): Promise<number> => {
    outgoing.end(body);
    return status;
  };
  return new Promise((resolve) => outgoing.on('continue', () => resolve({ finish })));
}

describe('the host process', () => {
  it('drains within seconds on SIGTERM and goes on with the job at the next start', async () => {
    const cloud = await startCloud(
      { gateways: 4, connectionsPerGateway: 3, attachments: 4 },
      { SIM_SETTLE_MS: '1000-1500' },
    );
    const environment = {
      ...quickWorker,
      ...cloud.environment,
      DATA_DIR: await temporaryFolder(),
    };
    const first = await startHostProcess(environment);
    const caller = callerOf(first.url, first.freshToken);
    const { connections } = cloud.inventory;
    const { id } = await caller.submit(planFor(connections, { EnableDpd: false }));
    await caller.until(id, ({ counts }) => (counts.settling ?? 0) >= 3);

    const startedAt = performance.now();
    const code = await first.end('SIGTERM');
    const drainedMs = performance.now() - startedAt;
    const second = await startHostProcess(environment);
    const job = await callerOf(second.url, first.freshToken).ended(id);

    expect(code).toBe(0);
    expect(drainedMs).toBeLessThan(8_000);
    expect(first.stderr()).not.toMatch(/"level":"(warn|error)"/);
    expect(job.state).toBe('succeeded');
    expect(truthOf(await cloud.record())).toEqual({
      effective: new Map(connections.map((connection) => [connection.id, 1])),
      overlaps: 0,
      maxInFlight: 1,
    });
  });

  it('answers the request in flight before it ends', async () => {
    const host = await startHostProcess({ DATA_DIR: ':memory:', HOST_WORKER: 'off' });
    const { finish } = await beginRequest(host);

    const ending = host.end('SIGTERM');
    await sleep(300);
    const status = await finish();

    expect(status).toBe(202);
    expect(await ending).toBe(0);
  });

  it('ends at once on a second signal', async () => {
    const host = await startHostProcess({ DATA_DIR: ':memory:', HOST_WORKER: 'off' });
    await beginRequest(host);

    host.child.kill('SIGINT');
    await sleep(300);
    const code = await host.end('SIGINT');

    expect(code).toBe(1);
  });

  it('refuses a folder that another one has open, and names the process', async () => {
    const environment = { DATA_DIR: await temporaryFolder(), PORT: '0' };
    const first = await startHostProcess(environment);
    const second = runProgram(main, environment);

    const code = await second.ended();

    expect(code).toBe(1);
    expect(second.stderr()).toContain(`is in use by process ${first.child.pid}`);
    expect(second.stdout()).toBe('');
  });

  it('makes no token in a start that fails because the port is taken', async () => {
    const { port, letGo } = await takePort();
    const environment = { DATA_DIR: await temporaryFolder() };
    const failing = runProgram(main, { ...environment, PORT: String(port) });

    const code = await failing.ended();
    letGo();
    const next = await startHostProcess(environment);

    expect(code).toBe(1);
    expect(failing.stderr()).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(next.freshToken).toMatch(/^lk_/);
  });

  it.each([
    [{ PORT: 'x', POLL_INTERVAL_MS: '0' }, ['PORT', 'POLL_INTERVAL_MS']],
    [
      { VPC_ENDPOINT: 'https://vpc.{region}.aliyuncs.com' },
      ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'],
    ],
  ])(
    'exits with 78 for a faulty configuration and names each variable: %o',
    async (given, names) => {
      const host = runProgram(main, { DATA_DIR: ':memory:', ...given });

      const code = await host.ended();

      expect(code).toBe(78);
      for (const name of names) expect(host.stderr()).toContain(`"path":"${name}"`);
    },
  );
});
