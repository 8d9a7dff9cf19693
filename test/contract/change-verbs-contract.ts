import { beforeAll, describe, expect, it } from 'vitest';
import { createPgChangeVerbs } from '../../shared/adapters/postgres/change-verbs.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import type { ChangeVerb, ChangeVerbs } from '../../shared/job/change-verbs.ts';
import { changeIdOf, refused } from '../helpers/factories-store.ts';
import { deliverFor } from './errands-contract.ts';
import { type SqlWorld, stepOf } from './lane-store-world.ts';

const order = { actor: 'ops', reason: 'the peer was mended' };
const goOn = { failurePolicy: { onFailure: 'continue', maxErrors: 0 } } as const;

/** What operators do to single changes, against workers in the middle of their steps. */
export function defineChangeVerbContract(world: SqlWorld): void {
  let verbs: ChangeVerbs;
  beforeAll(() => {
    verbs = createPgChangeVerbs(world.database);
  });
  const on = (jobId: string, seq: number, verb: ChangeVerb) =>
    verbs.order({ jobId, changeId: changeIdOf(jobId, seq) }, verb, order);
  const lastEvent = async (jobId: string, seq: number) =>
    (await world.jobs.listEvents(changeIdOf(jobId, seq))).at(-1);

  it.each(['retry', 'skip'] as const)('knows no change to %s', async (verb) => {
    const jobId = await world.release(['a@1']);
    const other = await world.release(['b@1']);

    expect(await on('job_none', 0, verb)).toEqual({ kind: 'not_found' });
    expect(
      await verbs.order({ jobId: other, changeId: changeIdOf(jobId, 0) }, verb, order),
    ).toEqual({ kind: 'not_found' });
  });

  describe('retry', () => {
    it('lets a failed change start again, with another request', async () => {
      const jobId = await world.release(['a@1', 'b@1'], goOn);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const tried = {
        step: 'send' as const,
        attempts: 3,
        settledAttempts: 1,
        clientToken: 'lk-1',
        requestDigest: 'd1',
        part: 'connection' as const,
      };
      await hand.record(stepOf(held, 'applying', { kind: 'keep' }, tried));
      const next = await hand.end(held, 'failed');
      const outcome = await on(jobId, 0, 'retry');
      const during = await world.states(jobId);
      const again = await hand.end(next);

      expect(outcome).toMatchObject({ kind: 'done', change: { state: 'queued', lastError: null } });
      expect(during).toEqual(['a:queued', 'b:applying']);
      expect(again.change).toMatchObject({
        id: changeIdOf(jobId, 0),
        state: 'applying',
        step: 'read',
        refusals: 1,
        attempts: 0,
        settledAttempts: 0,
        clientToken: null,
        requestDigest: null,
        part: null,
      });
      expect(again.change?.base).toEqual(held.change?.base);
      await hand.end(again);
      expect(await world.job(jobId)).toMatchObject({
        state: 'succeeded',
        counts: { succeeded: 2, failed: 0 },
      });
    });

    it('wakes the lane that had nothing left', async () => {
      const jobId = await world.release(['a@1', 'b@2'], goOn);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')), 'failed');
      await hand.claim();
      const idle = await hand.claim();
      await on(jobId, 0, 'retry');
      const [woken] = await hand.claim();

      expect(idle).toEqual([]);
      expect(woken?.laneKey).toMatch(/\/1$/);
    });

    it('goes before what stands behind it on its connection and has not begun', async () => {
      const jobId = await world.release(['a@1', 'b@2'], goOn);
      const later = await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.record(stepOf(held, 'failed', { kind: 'release', dueInMs: 0 }, { step: null }));
      await on(jobId, 0, 'retry');
      const first = await hand.next(await hand.take('1'));
      const between = await world.states(later);
      const second = await hand.end(first);

      expect(first.change?.jobId).toBe(jobId);
      expect(between).toEqual(['a:queued']);
      expect(second.change?.jobId).toBe(later);
    });

    it('waits for what stands behind it on its connection and has begun', async () => {
      const jobId = await world.release(['a@1', 'b@2'], goOn);
      const later = await world.release(['a@1', 'c@1']);
      const hand = world.hand();
      const running = await hand.end(await hand.next(await hand.take('1')), 'failed');
      await on(jobId, 0, 'retry');
      const states = [await world.states(jobId), await world.states(later)];
      const next = await hand.end(running);

      expect(states).toEqual([
        ['a:queued', 'b:queued'],
        ['a:applying', 'c:queued'],
      ]);
      expect(next.change?.id).toBe(changeIdOf(jobId, 0));
    });

    it('does twice what it did once', async () => {
      const jobId = await world.release(['a@1', 'b@2'], goOn);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')), 'failed');
      await on(jobId, 0, 'retry');
      const twice = await on(jobId, 0, 'retry');
      const events = await world.jobs.listEvents(changeIdOf(jobId, 0));

      expect(twice).toMatchObject({ kind: 'done', change: { state: 'queued' } });
      expect(events.filter(({ kind }) => kind === 'retried')).toMatchObject([{ data: order }]);
    });

    it('does not fit what succeeded, was refused, or is of a job that stops or has ended', async () => {
      const jobId = await world.accept(['a@1', 'b@2', 'x@3'], goOn);
      await world.resolve({
        answer: (id) => (id === changeIdOf(jobId, 2) ? refused({ id }) : undefined),
      });
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')));
      const succeeded = await on(jobId, 0, 'retry');
      const unresolved = await on(jobId, 2, 'retry');
      const stopped = await world.release(['c@4', 'd@5', 'e@6']);
      const other = await hand.next(await hand.take('5'));
      await hand.end(await hand.next(await hand.take('4')), 'failed');
      const stopping = await on(stopped, 0, 'retry');
      await hand.end(other);
      const ended = await on(stopped, 0, 'retry');

      expect(succeeded).toEqual({ kind: 'conflict', reason: 'it is succeeded, not failed' });
      expect(unresolved).toMatchObject({ kind: 'conflict', reason: /resolved/ });
      expect(stopping).toMatchObject({ kind: 'conflict', reason: /stops/ });
      expect(ended).toMatchObject({ kind: 'conflict', reason: /ended/ });
    });
  });

  describe('skip', () => {
    it('ends what waits, and says who left it out', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const outcome = await on(jobId, 0, 'skip');
      const twice = await on(jobId, 0, 'skip');
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));

      expect([outcome, twice]).toMatchObject([
        { kind: 'done', change: { state: 'skipped' } },
        { kind: 'done', change: { state: 'skipped' } },
      ]);
      expect(await lastEvent(jobId, 0)).toMatchObject({
        number: 2,
        kind: 'finished',
        data: { state: 'skipped', ...order },
      });
      expect(held.change?.id).toBe(changeIdOf(jobId, 1));
    });

    it('leaves it to an errand to withdraw what was delivered', async () => {
      const { jobId, errand } = await deliverFor(world, 'done');
      await on(jobId, 0, 'skip');
      const claimed = await world.hand().claim();

      const left = claimed.find(({ laneKey }) => laneKey === errand.laneKey);
      expect(left?.change).toMatchObject({ state: 'skipped' });
      expect(left?.epoch).toBeGreaterThan(errand.epoch);
    });

    it('ends the job with its last change', async () => {
      const jobId = await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')));
      await on(jobId, 1, 'skip');
      const job = await world.job(jobId);
      const claimed = await world.lanes.claim({ worker: 'w', limit: 9, leaseSeconds: 30 });

      expect(job).toMatchObject({ state: 'succeeded', counts: { succeeded: 1, skipped: 1 } });
      expect(claimed.lanes.map(({ laneKey }) => laneKey)).toContain(`job:${jobId}`);
    });

    it('makes way for others on the connection', async () => {
      const jobId = await world.release(['a@1']);
      const other = await world.release(['a@1']);
      await on(jobId, 0, 'skip');
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));

      expect(held.change?.jobId).toBe(other);
    });

    it('takes the lane from a worker that is about to write', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const outcome = await on(jobId, 0, 'skip');
      const late = await hand.record(
        stepOf(held, 'applying', { kind: 'keep' }, { step: 'send', clientToken: 'lk-1' }),
      );
      const next = await hand.next(await hand.take('1'));

      expect(outcome).toMatchObject({ kind: 'done', change: { state: 'skipped' } });
      expect(late).toEqual([{ kind: 'lost' }]);
      expect(next.change?.id).toBe(changeIdOf(jobId, 1));
      expect(await world.states(jobId)).toEqual(['a:skipped', 'b:applying']);
    });

    it.each([
      ['its request is stored', 'applying', { step: 'send' }],
      ['it settles', 'settling', { step: 'settle' }],
      ['one of its parts stands', 'applying', { step: 'read', settledAttempts: 1, attempts: 1 }],
    ] as const)('comes too late when %s', async (_, state, patch) => {
      const jobId = await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await hand.record(stepOf(held, state, { kind: 'keep' }, patch));

      expect(await on(jobId, 0, 'skip')).toMatchObject({ kind: 'conflict', reason: /written/ });
      expect(await world.states(jobId)).toEqual([`a:${state}`]);
    });

    it('does not fit what is over, or a job that is being resolved', async () => {
      const jobId = await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      await hand.end(await hand.next(await hand.take('1')));
      const over = await on(jobId, 0, 'skip');
      const early = await world.accept(['c@3']);

      expect(over).toEqual({ kind: 'conflict', reason: 'it is succeeded already' });
      expect(await on(early, 0, 'skip')).toMatchObject({ kind: 'conflict', reason: /resolved/ });
    });
  });

  it('loses nothing when retries, skips, cancellations and steps come all at once', async () => {
    const targets = Array.from({ length: 12 }, (_, index) => `c${index % 6}@${index % 3}`);
    const jobId = await world.release(targets, { maxInFlight: 2, ...goOn });
    const work = async (name: string): Promise<void> => {
      const hand = world.hand(name);
      for (let turn = 0; turn < 12; turn += 1) {
        for (const held of await hand.claim(2)) {
          let mine = await hand.next(held);
          while (mine.change) mine = await hand.end(mine, turn % 2 === 0 ? 'failed' : 'succeeded');
        }
      }
    };
    const steer = async (): Promise<void> => {
      for (let turn = 0; turn < 12; turn += 1) {
        await on(jobId, turn, turn % 3 === 0 ? 'skip' : 'retry');
        await on(jobId, 11 - turn, 'retry');
      }
    };
    await Promise.all([work('one'), steer(), work('two')]);
    await createPgJobVerbs(world.database).order(jobId, 'cancel', order);
    await work('rest');
    const { counts, state } = await world.job(jobId);
    const states = await world.states(jobId);
    const counted = states.map((each) => each.split(':')[1]);

    expect(['failed', 'cancelled', 'succeeded']).toContain(state);
    expect(counts.succeeded + counts.failed + counts.skipped + counts.cancelled).toBe(12);
    for (const each of ['succeeded', 'failed', 'skipped', 'cancelled'] as const) {
      expect(counted.filter((one) => one === each)).toHaveLength(counts[each]);
    }
  });
}
