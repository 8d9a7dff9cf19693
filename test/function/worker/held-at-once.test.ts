import { describe, expect, it } from 'vitest';
import { createPgFreezeStore } from '../../../shared/adapters/postgres/freeze-store.ts';
import { createPgJobVerbs } from '../../../shared/adapters/postgres/job-verbs.ts';
import type { Verb } from '../../../shared/job/job-verbs.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const pollIntervalMs = 3_000;
const onGateways = Array.from({ length: 12 }, (_, index) => `g${index}@gw${index % 3}`);
const attachments = Array.from({ length: 12 }, (_, index) => `a${index}`);
const connections = [...onGateways, ...attachments];
const names = connections.map((name) => name.split('@')[0] ?? '');

/** A request that the cloud saw for the first time on its connection after an answer, and how long after it. */
function begunAfter({ simulator }: VirtualWorld, answeredAt: number): readonly number[] {
  const writes = simulator.record.writes();
  const known = writes.filter(({ acceptedAt }) => acceptedAt <= answeredAt);
  const inFlight = new Set(known.map(({ vpnConnectionId }) => vpnConnectionId));
  return writes
    .filter(({ vpnConnectionId, acceptedAt }) => {
      return acceptedAt > answeredAt && !inFlight.has(vpnConnectionId);
    })
    .map(({ acceptedAt }) => acceptedAt - answeredAt);
}

/** The order, with what ends it again where anything can. */
type Order = (world: VirtualWorld, jobId: string) => Promise<(() => Promise<unknown>) | null>;

describe('nothing new starts a poll after the answer, by the cloud’s own record', () => {
  const database = withPostgres();
  const open = useWorlds(database);
  const verb = (world: VirtualWorld, jobId: string, name: Verb): Promise<unknown> =>
    world.clock.track(() =>
      createPgJobVerbs(database).order(jobId, name, { actor: 'ops', reason: 'a look' }),
    );

  const orders: Readonly<Record<'pause' | 'cancel' | 'freeze', Order>> = {
    pause: async (world, jobId) => {
      await verb(world, jobId, 'pause');
      return () => verb(world, jobId, 'resume');
    },
    cancel: async (world, jobId) => {
      await verb(world, jobId, 'cancel');
      return null;
    },
    freeze: async (world) => {
      const freezes = createPgFreezeStore(database);
      const until = new Date(world.clock.now() + 86_400_000).toISOString();
      const freeze = { name: 'now', scope: 'all', until, reason: 'audit', createdBy: 'ops' };
      await world.clock.track(() => freezes.put(freeze));
      return () =>
        world.clock.track(async () => {
          await freezes.remove('now');
          await world.lanes.repair();
        });
    },
  };

  // Moments between two looks, on one, and while reads and requests are under way.
  const moments = [14_000, 21_000, 33_333, 47_100];

  it.each(
    (['pause', 'cancel', 'freeze'] as const).flatMap((name) =>
      moments.map((afterMs) => [name, afterMs] as const),
    ),
  )('to %s after %i ms', async (name, afterMs) => {
    const world = await open({
      simulator: {
        inventory: aFleet(Object.fromEntries(connections.map((each) => [each, {}]))),
        settleMs: { min: 8_000, max: 20_000 },
        latencyMs: 700,
        seed: 5,
      },
      settings: { pollIntervalMs },
    });
    const { id } = await world.submit(planOf(names, { rollout: { concurrency: 5 } }));
    const draining = Promise.all([world.drain(), world.drain()]);
    await world.clock.sleep(afterMs);
    const lift = await orders[name](world, id);
    const answeredAt = world.clock.now();
    await world.clock.sleep(600_000);
    const begun = begunAfter(world, answeredAt);
    const held = await world.jobs.get(id);
    await lift?.();
    await draining;
    await world.drain();

    expect(world.simulator.record.writes().length).toBeGreaterThan(0);
    expect(begun.filter((lateMs) => lateMs > pollIntervalMs)).toEqual([]);
    expect(held?.counts).toMatchObject({ applying: 0, settling: 0 });
    expect(held?.counts[lift ? 'queued' : 'cancelled']).toBeGreaterThan(0);
    expect(await world.jobs.get(id)).toMatchObject({ state: lift ? 'succeeded' : 'cancelled' });
  });
});
