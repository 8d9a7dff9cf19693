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
import { findPgBouncer, startPgBouncer } from '../helpers/pgbouncer.ts';
import { runProgram } from '../helpers/processes.ts';

const program = findPgBouncer();

// Without the package this test is skipped, and counted as skipped.
describe.skipIf(program === null)('a host and two workers behind a transaction-mode pooler', () => {
  it('migrate the database and finish a job over fewer sessions than they have connections', async () => {
    const { url, drop } = await createServerDatabase();
    const pooler = await startPgBouncer(program ?? '', url, { poolSize: 2 });
    const cloud = await startCloud({ gateways: 6, connectionsPerGateway: 3, attachments: 6 });
    const environment = {
      ...quickWorker,
      ...cloud.environment,
      DATABASE_URL: pooler.url,
      DATA_DIR: await temporaryFolder(),
      LOG_LEVEL: 'warn',
    };
    const host = await startHostProcess({ ...environment, HOST_WORKER: 'off' });
    const workers = [1, 2].map(() => runProgram('local/worker/main.ts', environment));
    await Promise.all(workers.map((worker) => worker.printed(/^working as wrk_\w+$/m)));
    const caller = callerOf(host.url, host.freshToken);
    const { connections } = cloud.inventory;

    const { id } = await caller.submit(planFor(connections, { EnableNatTraversal: false }));
    const job = await caller.ended(id);
    const codes = await Promise.all(workers.map((worker) => worker.end('SIGTERM')));
    await host.end('SIGTERM');
    await pooler.stop();
    await drop();

    expect(job).toMatchObject({ state: 'succeeded', total: connections.length });
    expect(truthOf(await cloud.record())).toEqual({
      effective: new Map(connections.map((connection) => [connection.id, 1])),
      overlaps: 0,
      maxInFlight: 1,
    });
    expect(workers.map((worker) => worker.stderr())).toEqual(['', '']);
    expect(codes).toEqual([0, 0]);
  }, 60_000);
});
