import { describe, expect, it } from 'vitest';
import { leaseSeconds, next, stepOf, type World } from './lane-store-world.ts';

const goOn = { onFailure: 'continue', maxErrors: 0 } as const;

/** How jobs stop and end, and what that frees. */
export function defineEndContract(world: World): void {
  describe('counts and ends', () => {
    it('end the job with its last change', async () => {
      const jobId = await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')));
      const before = await world.job(jobId);
      await world.pass(1_000);
      await hand.end(await hand.next(await hand.take('2')), 'unchanged');

      expect(before).toMatchObject({ state: 'running', finishedAt: null });
      expect(await world.job(jobId)).toMatchObject({
        state: 'succeeded',
        finishedAt: new Date(world.clock.now()).toISOString(),
        counts: { succeeded: 1, unchanged: 1, queued: 0, applying: 0 },
        reason: null,
      });
      expect(await hand.claim()).toEqual([]);
    });

    it.each([
      [0, 1],
      [3, 4],
    ])('under stop with maxErrors %i stop at error number %i', async (maxErrors, stopsAt) => {
      const targets = ['a@1', 'b@1', 'c@1', 'd@1', 'e@1', 'f@1'];
      const failurePolicy = { onFailure: 'stop', maxErrors } as const;
      const jobId = await world.release(targets, { failurePolicy });
      const hand = world.hand();
      let held = await hand.next(await hand.take('1'));
      let failed = 0;
      while (held.change !== null) {
        held = await hand.end(held, 'failed');
        failed += 1;
      }

      expect(failed).toBe(stopsAt);
      const { state, counts, reason, finishedAt } = await world.job(jobId);
      expect({ state, failed: counts.failed, cancelled: counts.cancelled }).toEqual({
        state: 'failed',
        failed: stopsAt,
        cancelled: targets.length - stopsAt,
      });
      expect(reason).toContain('more changes failed than the plan allows');
      expect(finishedAt).not.toBeNull();
      expect(await hand.claim()).toEqual([]);
    });

    it('under stop let what is in flight end, and cancel what goes back to the queue', async () => {
      const jobId = await world.release(['a@1', 'b@2', 'c@3', 'd@1']);
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const two = await hand.next(await hand.take('2'));
      const three = await hand.next(await hand.take('3'));
      await hand.end(one, 'failed');
      const during = await world.job(jobId);
      await hand.record(stepOf(two, 'queued', { kind: 'requeue', dueInMs: 0 }, { step: null }));
      await hand.end(three);

      expect(during).toMatchObject({
        state: 'running',
        counts: { failed: 1, cancelled: 1, applying: 2 },
      });
      expect(await world.states(jobId)).toEqual([
        'a:failed',
        'b:cancelled',
        'c:succeeded',
        'd:cancelled',
      ]);
      expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
    });

    it('under continue go on whatever the count', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@1'], { failurePolicy: goOn });
      const hand = world.hand();
      let held = await hand.next(await hand.take('1'));
      held = await hand.end(held, 'failed');
      held = await hand.end(held, 'failed');
      await hand.end(held);

      expect(await world.states(jobId)).toEqual(['a:failed', 'b:failed', 'c:succeeded']);
      expect(await world.job(jobId)).toMatchObject({ state: 'failed', reason: null });
    });

    it('stop the whole job whatever its policy when a step says so, for good', async () => {
      const failurePolicy = goOn;
      const jobId = await world.release(['a@1', 'b@2', 'c@1'], { failurePolicy });
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const two = await hand.next(await hand.take('2'));
      await hand.record({
        ...stepOf(one, 'failed', next, { step: null }),
        stopsJob: 'stopped: no permission (Forbidden.RAM)',
      });
      await hand.record(stepOf(two, 'queued', { kind: 'requeue', dueInMs: 0 }, { step: null }));

      expect(await world.states(jobId)).toEqual(['a:failed', 'b:cancelled', 'c:cancelled']);
      expect(await world.job(jobId)).toMatchObject({
        state: 'failed',
        reason: 'stopped: no permission (Forbidden.RAM)',
      });
    });

    it('journal what was cancelled', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')), 'failed');
      const [, change] = await world.jobs.listChanges({
        jobId,
        states: null,
        limit: 9,
        after: null,
      });
      const events = await world.jobs.listEvents(change?.id ?? '');

      expect(events.map(({ number, kind, data }) => [number, kind, data.state])).toEqual([
        [1, 'resolved', undefined],
        [2, 'finished', 'cancelled'],
      ]);
    });

    it('free the connections of a stopped job for the next one', async () => {
      await world.release(['a@1', 'b@2', 'b@2']);
      const two = await world.release(['b@2']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')), 'failed');
      const held = await hand.next(await hand.take('2'));

      expect(held.change).toMatchObject({ jobId: two, vpnConnectionId: 'b' });
    });

    it('free them on lanes that take their next change in the same call', async () => {
      await world.release(['a@1', 'b@2']);
      const two = await world.release(['b@2']);
      const hand = world.hand();
      const one = await hand.next(await hand.take('1'));
      const [, outcome] = await hand.record(
        stepOf(one, 'failed', next, { step: null }),
        stepOf(await hand.take('2'), 'queued', next),
      );

      expect(outcome).toMatchObject({ kind: 'next', assignment: { change: { jobId: two } } });
    });

    it('take what was cancelled out of the backlog', async () => {
      await world.release(['a@1', 'b@2', 'c@2']);
      await world.release(['d@2']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')), 'failed');
      const { lanes } = await world.lanes.claim({ worker: 'w', limit: 9, leaseSeconds });

      expect(lanes.filter(({ kind }) => kind === 'gateway')).toMatchObject([{ backlog: 1 }]);
    });
  });
}
