import { describe, expect, it } from 'vitest';
import { waitingForOf } from '../../../shared/progress/waiting-for.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const minuteMs = 60_000;
/** Long beside what looking and reading take, and known to nobody but the cloud. */
/** What is in flight as it is asked may be nearly over, and minutes are rounded up. */
const tolerance = 75 / 60 + 1;
const settleMs = { min: 75_000, max: 75_000 };
const onGateway = ['g0', 'g1', 'g2', 'g3'];
const attachments = ['a0', 'a1', 'a2', 'a3', 'a4'];

/** By connection, how many minutes after it was asked a change was said to begin; null where nothing was said. */
async function said(world: VirtualWorld, jobId: string): Promise<Map<string, number | null>> {
  const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
  return new Map(
    changes
      .filter(({ state }) => state === 'queued')
      .map((change) => {
        const [, minutes] =
          / By settle times so far it begins within (\d+) min\.$/.exec(
            waitingForOf(change) ?? '',
          ) ?? [];
        return [change.vpnConnectionId, minutes === undefined ? null : Number(minutes)];
      }),
  );
}

async function began(world: VirtualWorld, jobId: string): Promise<ReadonlyMap<string, number>> {
  const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
  return new Map(
    changes.map(({ vpnConnectionId, startedAt }) => [vpnConnectionId, Date.parse(startedAt ?? '')]),
  );
}

describe('a change that waits', () => {
  const open = useWorlds(withPostgres());

  it.each([
    ['on its lane', onGateway, {}],
    ['for a slot', attachments, { concurrency: 2 }],
    ['in its batch', attachments, { concurrency: 2, batches: [1, 3, '100%'] }],
  ])(
    'begins within the minutes that it says, and not much sooner: %s',
    { timeout: 60_000 },
    async (_, names, rollout) => {
      const fleet = Object.fromEntries(
        [...onGateway.map((name) => `${name}@1`), ...attachments].map((name) => [name, {}]),
      );
      const world = await open({ simulator: { inventory: aFleet(fleet), settleMs } });
      const worker = world.worker();
      const first = await world.submit(planOf(names.slice(0, 1)));
      await world.drain(worker);
      const { id } = await world.submit(planOf(names, { set: { Name: 'again' }, rollout }));
      const draining = world.drain(worker);
      await world.clock.sleep(minuteMs / 2);
      const askedAt = world.clock.now();
      const estimates = await said(world, id);
      await draining;
      const starts = await began(world, id);

      expect((await world.jobs.get(first.id))?.state).toBe('succeeded');
      expect(estimates.size).toBeGreaterThan(2);
      for (const [connection, minutes] of estimates) {
        const inMinutes = ((starts.get(connection) ?? 0) - askedAt) / minuteMs;
        expect([connection, inMinutes]).toEqual([
          connection,
          expect.toSatisfy(
            (is: number) => is <= (minutes ?? 0) && is > (minutes ?? 99) - tolerance,
          ),
        ]);
      }
    },
  );
});
