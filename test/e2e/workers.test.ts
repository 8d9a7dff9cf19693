import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
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

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Ends every connection to a database and lets nobody in for three seconds; asks meanwhile. */
async function whileAway(
  url: string,
  ask: () => readonly Promise<Response>[],
): Promise<readonly Response[]> {
  const name = new URL(url).pathname.slice(1);
  const administration = new URL(url);
  administration.pathname = '/postgres';
  const logger = createLogger({ level: 'silent', clock: systemClock });
  const server = await openPgDatabase({ url: administration.href, logger });
  try {
    await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await server.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
      [name],
    );
    const answers = await Promise.all(ask());
    await sleep(3_000);
    return answers;
  } finally {
    await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await server.close();
  }
}

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
  });

  it('live through a database that is away for a while', async () => {
    const { url, drop } = await createServerDatabase();
    const cloud = await startCloud({ gateways: 6, connectionsPerGateway: 3, attachments: 6 });
    const host = await startHostProcess({
      ...quickWorker,
      ...cloud.environment,
      DATABASE_URL: url,
      DATA_DIR: await temporaryFolder(),
      LOG_LEVEL: 'error',
    });
    const caller = callerOf(host.url, host.freshToken);
    const { connections } = cloud.inventory;

    const { id } = await caller.submit(planFor(connections, { EnableNatTraversal: false }));
    await caller.until(id, ({ counts }) => (counts.settling ?? 0) >= 3);
    const [away, health] = await whileAway(url, () => [
      caller.send(`/v1/jobs/${id}`),
      caller.send('/healthz'),
    ]);
    const job = await caller.ended(id);
    const code = await host.end('SIGTERM');
    await drop();

    expect([away?.status, health?.status]).toEqual([503, 503]);
    expect(job.state).toBe('succeeded');
    expect(truthOf(await cloud.record())).toEqual({
      effective: new Map(connections.map((connection) => [connection.id, 1])),
      overlaps: 0,
      maxInFlight: 1,
    });
    expect(code).toBe(0);
  });

  it('refuses to start without what it needs, every variable named', async () => {
    const worker = runProgram('local/worker/main.ts', { POLL_INTERVAL_MS: '100' });

    const code = await worker.ended();

    expect(code).toBe(78);
    for (const name of ['DATABASE_URL', 'VPC_ENDPOINT', 'ALIBABA_CLOUD_ACCESS_KEY_ID'])
      expect(worker.stderr()).toContain(name);
  });
});
