import { describe, expect, it } from 'vitest';
import { nothingHandedOver } from '../../shared/change/handover.ts';
import type { ChangeProgress } from '../../shared/change/record.ts';
import type { FailurePolicy, NewJob } from '../../shared/job/record.ts';
import { aNewJob, anIntent, changeIdOf, found, refused } from '../helpers/factories-store.ts';
import { type Held, next, stepOf, type World } from './lane-store-world.ts';

const replaced = { ...nothingHandedOver, previous: { 'IkeConfig.Psk': 'hmac:1', Name: 'before' } };
const sealed = { 'IkeConfig.Psk': 'sealed' };
const keys = { sealedPreviousKeys: sealed, sealedMadeKeys: sealed, sealedBaseKeys: sealed };

/** What can be restored of a job, how it is, and for how long. */
export function defineRestoredContract(world: World): void {
  /** Ends the next change of a lane, and lets its keys be kept for so long. */
  async function end(
    held: Held,
    patch: Partial<ChangeProgress> = {},
    more: { state?: 'succeeded' | 'failed'; keysKeptFor?: string; isWatched?: boolean } = {},
  ): Promise<Held> {
    const { state = 'succeeded', keysKeptFor, isWatched = false } = more;
    const update = stepOf(held, state, next, { step: null, handover: replaced, ...keys, ...patch });
    const [outcome] = await world.hand().record({
      ...update,
      ...(keysKeptFor === undefined ? {} : { keysKeptFor }),
      ...(isWatched ? { errand: { dueInMs: 0 } } : {}),
    });
    const change = outcome?.kind === 'next' ? outcome.assignment.change : null;
    return { ...held, change };
  }

  async function begin(lane = '1'): Promise<Held> {
    const hand = world.hand();
    return hand.next(await hand.take(lane));
  }

  async function restorable(jobId: string, changeId: string | null = null) {
    return world.jobs.restorable(jobId, changeId);
  }

  describe('what can be restored', () => {
    it('are changes that succeeded and replaced something, in plan order', async () => {
      const failurePolicy: FailurePolicy = { onFailure: 'continue', maxErrors: 0 };
      const jobId = await world.release(['a@1', 'b@1', 'c@1', 'd@1'], { failurePolicy });
      let held = await begin();
      held = await end(held);
      held = await end(held, { handover: { ...nothingHandedOver, previous: {} } });
      held = await end(held, {}, { state: 'failed' });
      await end(held, { verdict: 'refuted' });

      const all = await restorable(jobId);
      expect(all).toMatchObject({ id: jobId, createdBy: 'ops', rollbackOf: null });
      expect(
        all?.changes.map(({ vpnConnectionId, intentNumber }) => [vpnConnectionId, intentNumber]),
      ).toEqual([
        ['a', 0],
        ['d', 0],
      ]);
      expect(all?.changes[0]).toMatchObject({ handover: replaced, ...keys });
      expect(all?.intents).toHaveLength(1);
      const one = await restorable(jobId, changeIdOf(jobId, 3));
      expect(one?.changes.map(({ seq }) => seq)).toEqual([3]);
      expect(await restorable('job_none')).toBeNull();
    });
  });

  describe('keys that are kept no longer', () => {
    const intents: NewJob['intents'] = [anIntent({ sealedKeys: sealed })];

    it('are erased with those of their wish once all that share it have let go', async () => {
      const jobId = await world.release(['a@1', 'b@1'], { intents });
      let held = await begin();
      held = await end(held, {}, { keysKeptFor: 'PT1H' });
      await end(held, {}, { keysKeptFor: 'PT2H' });

      await world.pass(3_599_000);
      expect(await world.lanes.eraseKeys()).toBe(0);
      await world.pass(2_000);
      expect(await world.lanes.eraseKeys()).toBe(1);
      const first = await restorable(jobId);
      expect(first?.changes.map(({ sealedPreviousKeys }) => sealedPreviousKeys)).toEqual([
        {},
        sealed,
      ]);
      expect(first?.intents[0]?.sealedKeys).toEqual(sealed);
      await world.pass(3_600_000);
      expect(await world.lanes.eraseKeys()).toBe(1);
      const both = await restorable(jobId);
      expect(
        both?.changes.map(({ sealedMadeKeys, sealedBaseKeys }) => [sealedMadeKeys, sealedBaseKeys]),
      ).toEqual([
        [{}, {}],
        [{}, {}],
      ]);
      expect(both?.intents[0]?.sealedKeys).toEqual({});
      expect(await world.lanes.eraseKeys()).toBe(0);
    });

    it('stay while something is left to be done for their change', async () => {
      await world.release(['a@1'], { intents });
      await end(await begin(), {}, { keysKeptFor: 'PT0S', isWatched: true });
      expect(await world.lanes.eraseKeys()).toBe(0);

      const hand = world.hand('errands');
      const [errand] = await hand.claim();
      if (!errand) throw new Error('the errand of the change');
      await hand.record({ ...errand, change: null, events: [], afterwards: next });

      expect(await world.lanes.eraseKeys()).toBe(1);
    });

    it.each<[string, Partial<ChangeProgress>, 'succeeded' | 'failed']>([
      ['failed', {}, 'failed'],
      ['is latent', { verdict: 'latent' }, 'succeeded'],
      ['was refuted', { verdict: 'refuted' }, 'succeeded'],
    ])('leave those of the wish where another change %s', async (_, patch, state) => {
      const failurePolicy: FailurePolicy = { onFailure: 'continue', maxErrors: 0 };
      const jobId = await world.release(['a@1', 'b@1'], { intents, failurePolicy });
      const held = await end(await begin(), {}, { keysKeptFor: 'PT0S' });
      await end(held, patch, { state });

      expect(await world.lanes.eraseKeys()).toBe(1);
      expect((await world.jobs.retryable(jobId))?.intents[0]?.sealedKeys).toEqual(sealed);
    });
  });

  describe('a change that is refuted after it had succeeded', () => {
    async function refute(jobId: string, hand = world.hand('errands')): Promise<void> {
      const errands = await hand.claim();
      const errand = errands.find(({ laneKey }) => laneKey === `change:${changeIdOf(jobId, 0)}`);
      if (!errand) throw new Error('the errand of the first change');
      const update = stepOf(errand, 'succeeded', next, { verdict: 'refuted' });
      await hand.record({ ...update, events: [{ kind: 'verdict', data: { verdict: 'refuted' } }] });
    }

    it('is an error of a job that runs', async () => {
      const jobId = await world.release(['a@1', 'b@1'], { maxInFlight: 1 });
      const hand = world.hand();
      const latent = stepOf(
        await begin(),
        'succeeded',
        { kind: 'release', dueInMs: 60_000 },
        {
          step: null,
          verdict: 'latent',
        },
      );
      await hand.record({ ...latent, errand: { dueInMs: 0 } });

      await refute(jobId);

      expect(await world.states(jobId)).toEqual(['a:succeeded', 'b:cancelled']);
      expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
    });

    it('is told of a job that has ended, and leaves it as it ended', async () => {
      const jobId = await world.release(['a@1']);
      await end(await begin(), { verdict: 'latent' }, { isWatched: true });
      expect(await world.job(jobId)).toMatchObject({ state: 'succeeded', reason: null });

      await refute(jobId);

      const { state, reason } = await world.job(jobId);
      expect(state).toBe('succeeded');
      expect(reason).toMatch(/^1 of its changes turned out not to be on the other side/);
    });
  });

  describe('a job that takes another one back', () => {
    it('goes on with the rest where something was refused, as often as that', async () => {
      const rollbackOf = { jobId: 'job_000', actor: 'ops', reason: null };
      const jobId = await world.accept(['a@1', 'b@1', 'c@1'], { rollbackOf });
      await world.resolve({
        answer: (id) =>
          id === changeIdOf(jobId, 1) ? refused({ id }) : found({ id }, 'gateway:cn-hangzhou/1'),
      });

      const held = await end(await begin(), {}, { state: 'succeeded' });
      expect(held.change?.vpnConnectionId).toBe('c');
      await end(held);
      expect(await world.states(jobId)).toEqual(['a:succeeded', 'b:failed', 'c:succeeded']);
      expect(await world.job(jobId)).toMatchObject({ state: 'failed', rollbackOf: 'job_000' });
    });

    it("goes on with the rest where one turns out later to be somebody else's", async () => {
      const rollbackOf = { jobId: 'job_000', actor: 'ops', reason: null };
      const jobId = await world.release(['a@1', 'b@1', 'c@1'], { rollbackOf, maxInFlight: 1 });
      const held = await begin();
      const borne = stepOf(held, 'failed', next, { step: null });

      const [outcome] = await world.hand().record({ ...borne, isBorne: true });

      const change = outcome?.kind === 'next' ? outcome.assignment.change : null;
      expect(await world.states(jobId)).toEqual(['a:failed', 'b:applying', 'c:queued']);
      await end({ ...held, change }, {}, { state: 'failed' });
      expect(await world.states(jobId)).toEqual(['a:failed', 'b:failed', 'c:cancelled']);
    });

    it('stops at the first error that comes later', async () => {
      const rollbackOf = { jobId: 'job_000', actor: 'ops', reason: null };
      const jobId = await world.accept(['a@1', 'b@1', 'c@1'], { rollbackOf, maxInFlight: 1 });
      await world.resolve({
        answer: (id) =>
          id === changeIdOf(jobId, 0) ? refused({ id }) : found({ id }, 'gateway:cn-hangzhou/1'),
      });

      await end(await begin(), {}, { state: 'failed' });

      expect(await world.states(jobId)).toEqual(['a:failed', 'b:failed', 'c:cancelled']);
    });
  });

  it('tells what the key of somebody who asks again stands for, without a job being made', async () => {
    const idempotency = { key: 'k', planHash: 'hash-1' };
    const asked = { createdBy: 'ops', idempotency };
    expect(await world.jobs.acceptedBefore(asked)).toBeNull();
    await world.jobs.accept(aNewJob(['a@1'], { id: 'job_001', idempotency }));

    expect(await world.jobs.acceptedBefore(asked)).toEqual({ kind: 'repeated', jobId: 'job_001' });
    const other = { ...asked, idempotency: { key: 'k', planHash: 'hash-2' } };
    expect(await world.jobs.acceptedBefore(other)).toEqual({ kind: 'key_reused' });
    for (const free of [{ createdBy: 'another' }, { idempotency: null }]) {
      expect(await world.jobs.acceptedBefore({ ...asked, ...free })).toBeNull();
    }
    await world.pass(7 * 86_400_000 + 1);
    expect(await world.jobs.acceptedBefore(asked)).toBeNull();
  });
}
