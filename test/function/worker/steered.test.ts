import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPgJobVerbs } from '../../../shared/adapters/postgres/job-verbs.ts';
import type { Verb } from '../../../shared/job/job-verbs.ts';
import { databaseKinds, emptyAllTables } from '../../helpers/databases.ts';
import { openVirtualWorld, type VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, planOf } from './fleet.ts';

const names = Array.from({ length: 6 }, (_, index) => `c${index}`);
const pollIntervalMs = 3_000;

describe.each(databaseKinds)(
  'a job that is steered while it runs, on $kind',
  ({ withDatabase }) => {
    const database = withDatabase();
    let world: VirtualWorld;

    beforeEach(async () => {
      await emptyAllTables(database);
      const fleet = Object.fromEntries(names.map((name) => [`${name}@gw`, {}]));
      world = await openVirtualWorld({
        database,
        simulator: { inventory: aFleet(fleet), settleMs: { min: 20_000, max: 30_000 }, seed: 5 },
        settings: { pollIntervalMs },
      });
    });
    afterEach(() => world.close());

    const order = (jobId: string, verb: Verb) =>
      world.clock.track(() =>
        createPgJobVerbs(database).order(jobId, verb, { actor: 'ops', reason: 'why not' }),
      );
    const writesAfter = (moment: number): number =>
      world.simulator.record.writes().filter(({ acceptedAt }) => acceptedAt > moment).length;

    it('starts nothing more than a poll after it was paused, and ends after it was resumed', async () => {
      const { id } = await world.submit(planOf(names));
      const draining = world.drain();
      await world.clock.sleep(60_000);
      await order(id, 'pause');
      const pausedAt = world.clock.now();
      await world.clock.sleep(300_000);
      const during = writesAfter(pausedAt + pollIntervalMs);
      const paused = await world.jobs.get(id);
      await order(id, 'resume');
      await draining;
      await world.drain();

      expect(during).toBe(0);
      expect(paused).toMatchObject({ state: 'paused', counts: { applying: 0, settling: 0 } });
      expect(paused?.counts.queued).toBeGreaterThan(0);
      expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded' });
      expect(effectiveWrites(world)).toEqual(names);
      expect(world.simulator.record.overlaps()).toEqual([]);
    });

    it('writes nothing more after it was cancelled than what was in flight', async () => {
      const { id } = await world.submit(planOf(names));
      const draining = world.drain();
      await world.clock.sleep(60_000);
      await order(id, 'cancel');
      const cancelledAt = world.clock.now();
      await draining;
      const job = await world.jobs.get(id);

      expect(writesAfter(cancelledAt + pollIntervalMs)).toBe(0);
      expect(job).toMatchObject({ state: 'cancelled' });
      expect(effectiveWrites(world)).toHaveLength(job?.counts.succeeded ?? -1);
      expect(job?.counts.cancelled).toBeGreaterThan(0);
    });
  },
);
