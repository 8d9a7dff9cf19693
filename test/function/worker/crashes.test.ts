import { describe, expect, it } from 'vitest';
import type { LaneStore } from '../../../shared/lane/lane-store.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { openVirtualWorld, type VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, aPair, effectiveWrites, outcomesOf, planOf } from './fleet.ts';
import { mortalWorker, type Stop } from './mortal-worker.ts';
import { useWorlds } from './worlds.ts';

const keyOnly = { IkeConfig: { IkeEncAlg: 'aes256', Psk: 'newKey0123456789' } };
const inParts = { set: { Name: 'renamed', ...keyOnly }, acceptOutage: true };

/** Connections, what a plan wants of them, and the effective writes that it takes, by connection. */
const fleets = {
  'a calm cloud': {
    inventory: aFleet({ 'a@1': {}, 'b@1': {}, c: {} }),
    plan: { set: keyOnly },
    writes: ['a', 'b', 'c'],
  },
  'lost replies': {
    inventory: aFleet({
      'a@1': { sim: 'sim:lost=1' },
      'b@1': { sim: 'sim:500=1' },
      c: { sim: 'sim:busy=1' },
    }),
    plan: { set: keyOnly },
    writes: ['a', 'b', 'c'],
  },
  'two tunnels': {
    inventory: aFleet({ 'a@1': aPair('a') }),
    plan: inParts,
    writes: ['a', 'a', 'a'],
  },
  'two tunnels and lost replies': {
    inventory: aFleet({ a: { ...aPair('a'), sim: 'sim:lost=2' } }),
    plan: inParts,
    writes: ['a', 'a', 'a'],
  },
};
const silent = createLogger({ level: 'silent', clock: new FakeClock() });

/** What holds at the end however the workers came and went. */
async function expectAllDoneOnce(
  world: VirtualWorld,
  jobId: string,
  writes: readonly string[],
): Promise<void> {
  const names = [...new Set(writes)];
  const outcomes = await outcomesOf(world.jobs, jobId);
  const accepted = world.simulator.record.writes().filter(({ outcome }) => outcome !== 'refused');
  expect(outcomes.map(({ state }) => state)).toEqual(names.map(() => 'succeeded'));
  expect(effectiveWrites(world).sort()).toEqual(writes);
  expect(new Set(accepted.map(({ clientToken }) => clientToken)).size).toBe(writes.length);
  expect(world.simulator.record.overlaps()).toEqual([]);
  expect(world.simulator.record.tunnelOverlaps()).toEqual([]);
  expect(outcomes.map(({ kinds }) => kinds.filter((kind) => kind === 'finished'))).toEqual(
    names.map(() => ['finished']),
  );
}

describe('a worker that stops', () => {
  const database = withPostgres();
  useWorlds(database);

  /** False when the worker got done before it was to stop: then there is no later point to try. */
  async function tryStop(fleet: keyof typeof fleets, stop: Stop): Promise<boolean> {
    await emptyAllTables(database);
    const { inventory, plan, writes } = fleets[fleet];
    const world = await openVirtualWorld({
      database,
      simulator: { seed: 3, inventory },
      logger: silent,
    });
    try {
      const { id } = await world.submit(planOf([...new Set(writes)], plan));
      const mortal = mortalWorker(world, stop);
      const first = world.drain(mortal.deps);
      await Promise.race([first, mortal.stopped]);
      await world.drain();
      if (stop.forMs !== null) await first;
      await expectAllDoneOnce(world, id, writes);
      return mortal.hasStopped();
    } finally {
      if (stop.forMs === null) world.forget();
      await world.close();
    }
  }

  it.each([
    { fleet: 'a calm cloud', when: 'before', forMs: null },
    { fleet: 'lost replies', when: 'before', forMs: null },
    { fleet: 'lost replies', when: 'after', forMs: null },
    { fleet: 'lost replies', when: 'before', forMs: 75_000 },
    { fleet: 'lost replies', when: 'after', forMs: 75_000 },
    { fleet: 'two tunnels', when: 'before', forMs: null },
    { fleet: 'two tunnels', when: 'after', forMs: null },
    { fleet: 'two tunnels and lost replies', when: 'after', forMs: null },
    { fleet: 'two tunnels and lost replies', when: 'before', forMs: 75_000 },
  ] as const)(
    'is followed by another that ends its work: $fleet, $when each of its calls, for $forMs ms',
    async ({ fleet, when, forMs }) => {
      let points = 0;
      for (let atCall = 1; ; atCall += 1) {
        const stop = { atCall, when, forMs };
        const happened = await tryStop(fleet, stop).catch((error: unknown) => {
          throw new Error(`stopped ${when} call ${atCall}`, { cause: error });
        });
        if (!happened) break;
        points += 1;
      }
      expect(points).toBeGreaterThan(15);
    },
    120_000,
  );

  it('writes neither to the cloud nor to the database once it slept through its lease', async () => {
    const world = await openVirtualWorld({
      database,
      simulator: { inventory: aFleet({ a: {} }) },
      logger: silent,
    });
    const { id } = await world.submit(planOf(['a']));
    const deps = world.worker();
    const sleepy = sleepsAfterPreparing(world, 75_000);

    await world.drain({ ...deps, lanes: sleepy });

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(world.simulator.record.writes()).toHaveLength(1);
    await world.close();
  });
});

/** A process that is suspended once, right after it stored its first request. */
function sleepsAfterPreparing({ lanes, clock }: VirtualWorld, ms: number): LaneStore {
  let sleeping: Promise<void> | null = null;
  return {
    claim: async (request) => {
      await sleeping;
      return lanes.claim(request);
    },
    renew: async (leases, leaseSeconds) => {
      await sleeping;
      return lanes.renew(leases, leaseSeconds);
    },
    tendJob: (lease, jobId) => lanes.tendJob(lease, jobId),
    eraseKeys: () => lanes.eraseKeys(),
    repair: () => lanes.repair(),
    async record(updates, lease) {
      const outcomes = await lanes.record(updates, lease);
      if (updates.some(({ change }) => change?.step === 'send')) sleeping ??= clock.sleep(ms);
      await sleeping;
      return outcomes;
    },
  };
}
