import { setTimeout as sleep } from 'node:timers/promises';
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

const fleet = { gateways: 16, connectionsPerGateway: 2, attachments: 0 };
const total = fleet.gateways * fleet.connectionsPerGateway;
/** Enough for one job and not for two, so that the second meets the end of the budget. */
const writesPerMinute = total + 8;
const readsPerMinute = 600;

/** Waits until the cloud has seen so many changes, and for a while longer, in which more could come. */
async function untilWritten(count: () => Promise<number>, wanted: number): Promise<void> {
  while ((await count()) < wanted) await sleep(100);
  await sleep(2_000);
}

describe('several worker processes on one PostgreSQL', () => {
  it.each([1, 2, 4])(
    'change each connection once, and spend the budget of one: %i of them',
    async (size) => {
      const { url, drop } = await createServerDatabase();
      const cloud = await startCloud(fleet);
      const environment = {
        ...quickWorker,
        ...cloud.environment,
        WRITES_PER_MINUTE: String(writesPerMinute),
        READS_PER_MINUTE: String(readsPerMinute),
        DATABASE_URL: url,
        DATA_DIR: await temporaryFolder(),
        LOG_LEVEL: 'error',
      };
      const host = await startHostProcess({ ...environment, HOST_WORKER: 'off' });
      const workers = Array.from({ length: size }, () =>
        runProgram('local/worker/main.ts', environment),
      );
      await Promise.all(workers.map((worker) => worker.printed(/^working as wrk_\w+$/m)));
      const caller = callerOf(host.url, host.freshToken);
      // All of one kind, so that all writes draw on one budget.
      const connections = cloud.inventory.connections.filter((each) => each.attachType === 'VPNGW');
      const effective = async (): Promise<number> =>
        (await cloud.record()).writes.filter((write) => write.effective).length;

      const first = await caller.submit(planFor(connections, { EnableNatTraversal: false }));
      const ended = await caller.ended(first.id);
      const once = truthOf(await cloud.record());
      await caller.submit(planFor(connections, { EnableDpd: false }));
      await untilWritten(effective, writesPerMinute);
      const record = await cloud.record();
      await Promise.all([...workers, host].map((program) => program.end('SIGKILL')));
      await drop();

      expect(ended).toMatchObject({ state: 'succeeded', total });
      expect(once).toEqual({
        effective: new Map(connections.map(({ id }) => [id, 1])),
        overlaps: 0,
        maxInFlight: 1,
      });
      expect(record.overlaps).toEqual([]);
      expect(await effective()).toBe(writesPerMinute);
      for (const [scope, most] of Object.entries(record.windowMaxima))
        expect(most).toBeLessThanOrEqual(/Modify/.test(scope) ? writesPerMinute : readsPerMinute);
    },
    90_000,
  );
});
