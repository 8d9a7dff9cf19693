import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type CloudProcess,
  callerOf,
  planFor,
  quickWorker,
  startCloud,
  startHostProcess,
  temporaryFolder,
  truthOf,
} from '../helpers/host.ts';

const size = { gateways: 8, connectionsPerGateway: 2, attachments: 8 };
/** Long enough for many to be in flight at once, whatever else the machine does. */
const slow = '1000-2000';

/** Waits until the cloud, by its own account, is working on so many changes at once. */
async function untilInFlight(cloud: CloudProcess, wanted: number): Promise<void> {
  for (;;) {
    const { writes } = await cloud.record();
    const now = Date.now();
    const flying = writes.filter(({ effective, settledAt }) => effective && (settledAt ?? 0) > now);
    if (flying.length >= wanted) return;
    await sleep(20);
  }
}

describe('a host that is killed in the middle of a job', () => {
  it.each([
    ['in a calm cloud', 'off'],
    ['while replies get lost and requests are dropped', 'on'],
  ])(
    'finishes the job after a restart on the same folder, %s',
    async (_, faults) => {
      const cloud = await startCloud(size, {
        SIM_FAULTS: faults,
        SIM_SETTLE_MS: slow,
      });
      const environment = {
        ...quickWorker,
        ...cloud.environment,
        DATA_DIR: await temporaryFolder(),
        LOG_LEVEL: 'error',
      };
      const { connections } = cloud.inventory;
      const first = await startHostProcess(environment);
      const token = first.freshToken;
      const before = callerOf(first.url, token);
      const jobs = [
        await before.submit(planFor(connections, { IkeConfig: { IkeEncAlg: 'aes256' } })),
        await before.submit(planFor(connections, { EnableDpd: false })),
      ];
      await before.until(jobs[0]?.id ?? '', ({ counts }) => (counts.succeeded ?? 0) >= 4);
      await untilInFlight(cloud, 4);
      await first.end('SIGKILL');

      const second = await startHostProcess(environment);
      const after = callerOf(second.url, token);
      const ended = await Promise.all(jobs.map(({ id }) => after.ended(id)));
      const changes = await Promise.all(jobs.map(({ id }) => after.changes(id)));
      const record = await cloud.record();

      expect(second.freshToken).toBeNull();
      expect(ended.map(({ state, total }) => [state, total])).toEqual([
        ['succeeded', connections.length],
        ['succeeded', connections.length],
      ]);
      expect(changes.flat().filter(({ state }) => state !== 'succeeded')).toEqual([]);
      expect(truthOf(record)).toEqual({
        effective: new Map(connections.map(({ id }) => [id, 2])),
        overlaps: 0,
        maxInFlight: 1,
      });
      expect(Object.keys(record.faults).length > 0).toBe(faults === 'on');
    },
    90_000,
  );
});
