import { describe, expect, it } from 'vitest';
import type { Verb } from '../../shared/job/job-verbs.ts';
import { followChain } from '../../shared/journal/chain.ts';
import { stepOf, type World } from './lane-store-world.ts';

const order = { actor: 'ops', reason: 'the site is on fire' };

/** What operators do to jobs, against workers in the middle of their steps. */
export function defineVerbContract(world: World): void {
  const on = (jobId: string, verb: Verb) => world.verbs.order(jobId, verb, order);
  const events = async (jobId: string) => {
    const placed = await world.journal.readEvents({ jobId, after: null, limit: 100 });
    return placed.flatMap(({ place, event: { number, kind, data } }) =>
      place.seq < 0 ? [[number, kind, data]] : [],
    );
  };

  it.each(['pause', 'resume', 'cancel'] as const)('knows no job to %s', async (verb) => {
    expect(await on('job_none', verb)).toEqual({ kind: 'not_found' });
  });

  describe('pause', () => {
    it('lets nothing more start, while what is in flight finishes', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@2']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const outcome = await on(jobId, 'pause');
      const nothing = await hand.end(held);
      const other = await hand.next(await hand.take('2'));

      expect(outcome).toMatchObject({
        kind: 'done',
        job: { state: 'paused', reason: 'paused by ops: the site is on fire' },
      });
      expect([nothing.change, other.change]).toEqual([null, null]);
      expect(await world.states(jobId)).toEqual(['a:succeeded', 'b:queued', 'c:queued']);
      expect(await world.job(jobId)).toMatchObject({ state: 'paused' });
    });

    it('holds a job that is not resolved yet from its release on', async () => {
      const jobId = await world.accept(['a@1']);
      const before = await on(jobId, 'pause');
      await world.resolve();
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));

      expect(before).toMatchObject({ job: { state: 'resolving' } });
      expect(held.change).toBeNull();
      expect(await world.job(jobId)).toMatchObject({ state: 'paused' });
    });

    it('does not hold others on the same lane', async () => {
      const paused = await world.release(['a@1']);
      const other = await world.release(['b@1']);
      await on(paused, 'pause');
      const hand = world.hand();
      await hand.next(await hand.take('1'));

      expect(await world.states(other)).toEqual(['b:applying']);
    });

    it('still stops the job when what is in flight fails', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await on(jobId, 'pause');
      await hand.end(held, 'failed');

      expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
      expect(await world.states(jobId)).toEqual(['a:failed', 'b:cancelled']);
    });

    it('says with each waiting change why it waits', async () => {
      const jobId = await world.release(['a@1']);
      await on(jobId, 'pause');
      const [change] = await world.jobs.listChanges({ jobId, states: null, limit: 1, after: null });

      expect(change?.pauseReason).toBe('paused by ops: the site is on fire');
    });
  });

  describe('resume', () => {
    it('makes the lanes due that waited for the job, as many as it has slots', async () => {
      const jobId = await world.release(['a@1', 'b@2', 'c@3'], { maxInFlight: 2 });
      await on(jobId, 'pause');
      const hand = world.hand();
      for (const held of await hand.claim()) await hand.next(held);
      const idle = await hand.claim();
      const outcome = await on(jobId, 'resume');
      const lanes = await hand.claim();
      for (const held of lanes) await hand.next(held);

      expect(idle).toEqual([]);
      expect(outcome).toMatchObject({ kind: 'done', job: { state: 'running', reason: null } });
      expect(lanes).toHaveLength(2);
      expect((await world.job(jobId)).counts).toMatchObject({ applying: 2, queued: 1 });
    });

    it('takes back the pause of a job that is not resolved yet', async () => {
      const jobId = await world.accept(['a@1']);
      await on(jobId, 'pause');
      await on(jobId, 'resume');
      await world.resolve();

      expect(await world.job(jobId)).toMatchObject({ state: 'running', reason: null });
    });
  });

  describe('cancel', () => {
    it('ends what waits at once, and the job with what is in flight', async () => {
      const jobId = await world.release(['a@1', 'b@1', 'c@2']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      const outcome = await on(jobId, 'cancel');
      const during = await world.states(jobId);
      await hand.end(held);

      expect(outcome).toMatchObject({
        kind: 'done',
        job: { state: 'running', reason: 'cancelled by ops: the site is on fire' },
      });
      expect(during).toEqual(['a:applying', 'b:cancelled', 'c:cancelled']);
      expect(await world.job(jobId)).toMatchObject({
        state: 'cancelled',
        counts: { succeeded: 1, cancelled: 2, queued: 0, applying: 0 },
      });
    });

    it('cancels what comes back to the queue afterwards', async () => {
      const jobId = await world.release(['a@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await on(jobId, 'cancel');
      await hand.record(stepOf(held, 'queued', { kind: 'requeue', dueInMs: 0 }));

      expect(await world.states(jobId)).toEqual(['a:cancelled']);
      expect(await world.job(jobId)).toMatchObject({ state: 'cancelled' });
    });

    it('ends a paused job too', async () => {
      const jobId = await world.release(['a@1', 'b@2']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await on(jobId, 'pause');
      await on(jobId, 'cancel');
      await hand.end(held);

      expect(await world.job(jobId)).toMatchObject({ state: 'cancelled' });
    });

    it('ends a job that is not resolved, and nothing of it is resolved afterwards', async () => {
      const jobId = await world.accept(['a@1', 'b@1']);
      const outcome = await on(jobId, 'cancel');
      await world.resolve();

      expect(outcome).toMatchObject({ job: { state: 'cancelled', counts: { cancelled: 2 } } });
      expect(await world.states(jobId)).toEqual(['a:cancelled', 'b:cancelled']);
      expect((await world.job(jobId)).finishedAt).not.toBeNull();
    });

    it('makes way for others on its connections', async () => {
      const jobId = await world.release(['a@1']);
      const other = await world.release(['a@1']);
      const hand = world.hand();
      await on(jobId, 'cancel');
      await hand.next(await hand.take('1'));

      expect(await world.states(other)).toEqual(['a:applying']);
    });

    it('wakes the lane that idled behind it', async () => {
      const jobId = await world.release(['a@1'], { maxInFlight: 1 });
      const other = await world.release(['a@1']);
      await on(jobId, 'pause');
      const hand = world.hand();
      for (const held of await hand.claim()) await hand.next(held);
      await on(jobId, 'cancel');
      await hand.next(await hand.take('1'));

      expect(await world.states(other)).toEqual(['a:applying']);
    });
  });

  it('does twice what it did once, and journals each order once', async () => {
    const jobId = await world.release(['a@1', 'b@1']);
    const hand = world.hand();
    await hand.next(await hand.take('1'));
    for (const verb of ['pause', 'pause', 'resume', 'resume', 'cancel', 'cancel'] as const) {
      expect(await on(jobId, verb)).toMatchObject({ kind: 'done' });
    }

    expect(await events(jobId)).toEqual([
      [1, 'paused', order],
      [2, 'resumed', order],
      [3, 'cancelled', order],
    ]);
  });

  it('writes orders into a chain of the job, before all changes', async () => {
    const jobId = await world.release(['a@1']);
    await on(jobId, 'pause');
    await on(jobId, 'cancel');
    const placed = await world.journal.readEvents({ jobId, after: null, limit: 100 });
    const own = placed.filter(({ place }) => place.seq < 0).map(({ event }) => event);
    const rest = await world.journal.readEvents({
      jobId,
      after: placed[0]?.place ?? null,
      limit: 100,
    });
    const ended = await world.journal.getEnded(jobId);

    expect(placed.slice(0, 2).map(({ event }) => event)).toEqual(own);
    expect(followChain(jobId, own)).toMatchObject({ faults: [], events: 2 });
    expect(rest).toEqual(placed.slice(1));
    expect(ended?.countedEvents).toBe(placed.length);
  });

  it('says with each cancelled change who cancelled it and why', async () => {
    const jobId = await world.release(['a@1']);
    await on(jobId, 'cancel');
    const [change] = await world.jobs.listChanges({ jobId, states: null, limit: 1, after: null });
    const [last] = (await world.jobs.listEvents(change?.id ?? '')).slice(-1);

    expect(last).toMatchObject({ kind: 'finished', data: { state: 'cancelled', ...order } });
  });

  it.each([
    ['pause', 'succeeded'],
    ['resume', 'succeeded'],
    ['cancel', 'succeeded'],
  ] as const)('comes too late to %s a job that has %s', async (verb, state) => {
    const jobId = await world.release(['a@1']);
    const hand = world.hand();
    await hand.end(await hand.next(await hand.take('1')));

    expect(await on(jobId, verb)).toEqual({ kind: 'conflict', state });
  });

  it('leaves no change behind when orders and steps come all at once', async () => {
    const targets = Array.from({ length: 12 }, (_, index) => `c${index}@${index % 4}`);
    const jobId = await world.release(targets, { maxInFlight: 3 });
    const work = async (name: string): Promise<void> => {
      const hand = world.hand(name);
      for (let turn = 0; turn < 6; turn += 1) {
        for (const held of await hand.claim(2)) {
          let mine = await hand.next(held);
          while (mine.change) mine = await hand.end(mine);
        }
      }
    };
    const steer = async (): Promise<void> => {
      for (const verb of ['pause', 'resume', 'pause', 'resume', 'cancel'] as const) {
        await on(jobId, verb);
      }
    };
    await Promise.all([work('one'), steer(), work('two')]);
    await work('rest');
    const job = await world.job(jobId);

    expect(['cancelled', 'succeeded']).toContain(job.state);
    expect(job.counts.succeeded + job.counts.cancelled).toBe(12);
    expect((await world.states(jobId)).filter((state) => !/succ|canc/.test(state))).toEqual([]);
  });
}
