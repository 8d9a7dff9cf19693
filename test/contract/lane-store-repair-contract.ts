import { describe, expect, it } from 'vitest';
import { leaseSeconds, next, stepOf, type World } from './lane-store-world.ts';

const leaseMs = leaseSeconds * 1000;

/** The safety net of a LaneStore. */
export function defineRepairContract(world: World): void {
  const idle = (lane: string): Promise<void> => world.inside.loseDueTime(lane);

  describe('repair', () => {
    it('takes back a lease that ran out, so that its holder writes nothing more', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const dead = world.hand('dead');
      const held = await dead.next(await dead.take('1'));
      await world.pass(leaseMs);

      const { reclaimed } = await world.lanes.repair();
      const [outcome] = await dead.record(stepOf(held, 'succeeded', next, { step: null }));
      const again = await world.hand('heir').take('1');

      expect(reclaimed).toBe(1);
      expect(outcome).toEqual({ kind: 'lost' });
      expect(await world.states(jobId)).toEqual(['a:applying', 'b:queued']);
      expect(again.change?.id).toBe(held.change?.id);
    });

    it('leaves a lease alone that stands', async () => {
      await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await world.pass(leaseMs - 1);

      expect(await world.lanes.repair()).toEqual({ reclaimed: 0, roused: 0, nextDueInMs: 1 });
      expect(await world.lanes.renew([held], leaseSeconds)).toEqual([]);
    });

    it('rouses an idle lane that has something to start', async () => {
      await world.release(['a@1', 'b@2']);
      await idle('gateway:cn-hangzhou/1');

      const { roused, nextDueInMs } = await world.lanes.repair();

      expect(roused).toBe(1);
      expect(nextDueInMs).toBeLessThanOrEqual(0);
      expect(await world.hand().claim()).toHaveLength(2);
    });

    it('rouses an idle region that has something to resolve', async () => {
      await world.accept(['a@1']);
      await idle('region:cn-hangzhou');

      expect((await world.lanes.repair()).roused).toBe(1);
      expect(await world.hand().claim()).toMatchObject([{ laneKey: 'region:cn-hangzhou' }]);
    });

    it('rouses an idle lane whose change was begun', async () => {
      await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.record(stepOf(held, 'settling', { kind: 'release', dueInMs: 0 }));
      await idle('gateway:cn-hangzhou/1');

      expect((await world.lanes.repair()).roused).toBe(1);
      expect((await hand.take('1')).change?.id).toBe(held.change?.id);
    });

    it('leaves lanes alone that idle rightly', async () => {
      await world.release(['done@1']);
      await world.release(['a@2', 'b@3', 'c@4'], { maxInFlight: 1 });
      await world.release(['c@5']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')));
      const held = await hand.next(await hand.take('2'));
      for (const lane of ['3', '4', '5']) await hand.next(await hand.take(lane));
      await hand.claim();
      await world.lanes.renew([held], leaseSeconds);

      expect(await world.lanes.repair()).toEqual({
        reclaimed: 0,
        roused: 0,
        nextDueInMs: leaseMs,
      });
    });

    it('says that nothing is due', async () => {
      expect(await world.lanes.repair()).toEqual({ reclaimed: 0, roused: 0, nextDueInMs: null });
    });
  });
}
