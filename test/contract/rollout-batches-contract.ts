import { expect, it } from 'vitest';
import { type ChangeProof, nothingHandedOver } from '../../shared/change/handover.ts';
import type { NewJob } from '../../shared/job/record.ts';
import type { JobSettings } from '../../shared/job/settings.ts';
import { changeIdOf, refused, someSettings } from '../helpers/factories-store.ts';
import { type Held, stepOf, type World } from './lane-store-world.ts';

const proof: ChangeProof = {
  part: 'connection',
  direction: 'forth',
  subjects: [],
  phase: 'ike',
  unsettledAt: null,
  settledAt: '2026-01-01T00:00:00.000Z',
  lifetimeSeconds: 3_600,
};

const order = { actor: 'ops', reason: 'it looks good' };

/** A job of a plan with this rollout. */
function rolledOut(
  rollout: Partial<JobSettings['rollout']>,
  more: Partial<NewJob> = {},
): Partial<NewJob> {
  return {
    settings: { ...someSettings, rollout: { ...someSettings.rollout, ...rollout } },
    ...more,
  };
}

/** What is told of a job as a whole. */
async function storyOf(world: World, jobId: string): Promise<readonly unknown[]> {
  const placed = await world.journal.readEvents({ jobId, after: null, limit: 1_000 });
  return placed.flatMap(({ place, event }) =>
    place.seq < 0 ? [[event.kind, event.data.batch ?? null]] : [],
  );
}

/** Claims all that is due and takes what may start there. */
async function startAll(world: World): Promise<Held[]> {
  const hand = world.hand();
  const begun: Held[] = [];
  for (const held of await hand.claim()) begun.push(await hand.next(held));
  return begun.filter(({ change }) => change !== null);
}

/** One batch after the other: nothing of the next one starts before the open one has ended. */
export function defineBatchContract(world: World): void {
  it('starts the next batch only when each change of the open one has ended', async () => {
    const jobId = await world.release(
      ['a@1', 'b@2', 'c@3', 'd@4'],
      rolledOut({ batches: [2, 3, 4] }),
    );
    const hand = world.hand();
    const first = await startAll(world);
    const [a, b] = first;
    if (!a || !b) throw new Error('two changes of the first batch');
    await hand.end(a);
    const afterOne = [await world.states(jobId), await startAll(world)];
    await hand.end(b);
    const second = await startAll(world);

    expect(first).toHaveLength(2);
    expect(afterOne).toEqual([['a:succeeded', 'b:applying', 'c:queued', 'd:queued'], []]);
    expect(second.map(({ change }) => change?.vpnConnectionId)).toEqual(['c']);
    for (const held of second) await hand.end(held);
    for (const held of await startAll(world)) await hand.end(held);
    expect(await world.job(jobId)).toMatchObject({ state: 'succeeded' });
    expect(await storyOf(world, jobId)).toEqual([
      ['batch_opened', 2],
      ['batch_opened', 3],
    ]);
  });

  it('takes the next batch on the very lane on which the last one ended', async () => {
    await world.release(['a@1', 'b@1'], rolledOut({ batches: [1, 2] }));
    const hand = world.hand();
    const held = await hand.next(await hand.take('1'));
    const next = await hand.end(held);

    expect(next.change?.vpnConnectionId).toBe('b');
  });

  it.each([
    ['is proved', { verdict: 'proved' }, 'verdict'],
    ['can be told no more', { verdict: 'latent', handover: nothingHandedOver }, 'superseded'],
  ] as const)(
    'holds a batch open before a pause until what is latent of it %s',
    async (_, end, kind) => {
      const jobId = await world.release(
        ['a@1', 'b@2'],
        rolledOut({ batches: [1, 2], batchPause: 'every' }),
      );
      const hand = world.hand();
      const [a] = await startAll(world);
      if (!a?.change) throw new Error('a change of the first batch');
      const latent = {
        step: null,
        verdict: 'latent',
        handover: { ...nothingHandedOver, proof },
      } as const;
      const ended = stepOf(a, 'succeeded', { kind: 'next' }, latent);
      await hand.record({ ...ended, errand: { dueInMs: 0 } });
      const whileLatent = (await world.job(jobId)).state;
      const [errand] = await hand.claim();
      if (!errand?.change) throw new Error('the errand of the change');
      const told = stepOf(errand, 'succeeded', { kind: 'next' }, end);
      await hand.record({ ...told, events: [{ kind, data: {} }] });

      expect(whileLatent).toBe('running');
      expect(errand.laneKey).toBe(`change:${changeIdOf(jobId, 0)}`);
      expect(await world.job(jobId)).toMatchObject({ state: 'paused' });
      expect(await startAll(world)).toEqual([]);
    },
  );

  it('holds back no other job on its lanes', async () => {
    await world.release(['a@1', 'b@2'], rolledOut({ batches: [1, 2] }));
    const other = await world.release(['c@2']);
    await startAll(world);

    expect(await world.states(other)).toEqual(['c:applying']);
  });

  it('wakes as many lanes of a new batch as there are slots, the others as slots come free', async () => {
    const jobId = await world.release(
      ['a@1', 'b@2', 'c@3', 'd@4', 'e@4'],
      rolledOut({ batches: [1, 5] }, { maxInFlight: 2 }),
    );
    const hand = world.hand();
    const [a] = await startAll(world);
    if (!a) throw new Error('the first batch');
    await hand.end(a);
    const woken = await hand.claim();
    const begun: Held[] = [];
    for (const held of woken) begun.push(await hand.next(held));
    for (const held of begun) {
      let mine = held;
      while (mine.change) mine = await hand.end(mine);
    }
    for (const held of await startAll(world)) {
      let mine = held;
      while (mine.change) mine = await hand.end(mine);
    }

    expect(woken).toHaveLength(2);
    // The longest lane first.
    expect(woken.map(({ laneKey }) => laneKey)).toContain('gateway:cn-hangzhou/4');
    expect(await world.job(jobId)).toMatchObject({ state: 'succeeded' });
  });

  it('goes on past errors that are borne, and stops at one more', async () => {
    const policy = { failurePolicy: { onFailure: 'stop', maxErrors: 1 } } as const;
    const jobId = await world.release(
      ['a@1', 'b@2', 'c@3'],
      rolledOut({ batches: [1, 2, 3] }, policy),
    );
    const hand = world.hand();
    for (const held of await startAll(world)) await hand.end(held, 'failed');
    const second = await startAll(world);
    for (const held of second) await hand.end(held, 'failed');

    expect(second.map(({ change }) => change?.vpnConnectionId)).toEqual(['b']);
    expect(await world.states(jobId)).toEqual(['a:failed', 'b:failed', 'c:cancelled']);
    expect(await startAll(world)).toEqual([]);
  });

  it('passes a batch of which nothing is left to start', async () => {
    const goOn = { failurePolicy: { onFailure: 'continue', maxErrors: 0 } } as const;
    const jobId = await world.accept(
      ['a@1', 'b@2', 'c@3'],
      rolledOut({ batches: [1, 2, 3] }, goOn),
    );
    const none = new Set([changeIdOf(jobId, 0), changeIdOf(jobId, 1)]);
    await world.resolve({ answer: (id) => (none.has(id) ? refused({ id }) : undefined) });
    const begun = await startAll(world);

    expect(begun.map(({ change }) => change?.vpnConnectionId)).toEqual(['c']);
  });

  it.each([
    ['first', ['a', null, 'b', 'c', null]],
    ['every', ['a', null, 'b', null, 'c', null]],
  ] as const)('pauses after the %s batch until it is resumed', async (batchPause, expected) => {
    const jobId = await world.release(
      ['a@1', 'b@2', 'c@3'],
      rolledOut({ batches: [1, 2, 3], batchPause }),
    );
    const hand = world.hand();
    const begun: (string | null)[] = [];
    const reasons: (string | null)[] = [];
    for (;;) {
      const [held] = await startAll(world);
      begun.push(held?.change?.vpnConnectionId ?? null);
      const job = await world.job(jobId);
      if (held) await hand.end(held);
      else if (job.state === 'paused') {
        reasons.push(job.reason);
        await world.verbs.order(jobId, 'resume', order);
      } else break;
    }

    expect(begun).toEqual(expected);
    expect(reasons[0]).toBe('batch 1 of 3 has ended; resume the job to open the next one');
    expect(await world.job(jobId)).toMatchObject({ state: 'succeeded', reason: null });
    expect((await storyOf(world, jobId)).slice(0, 3)).toEqual([
      ['paused', 1],
      ['resumed', null],
      ['batch_opened', 2],
    ]);
  });

  it('opens nothing when a pause in the middle of a batch ends', async () => {
    const jobId = await world.release(['a@1', 'b@2'], rolledOut({ batches: [1, 2] }));
    const hand = world.hand();
    const [held] = await startAll(world);
    await world.verbs.order(jobId, 'pause', order);
    await world.verbs.order(jobId, 'resume', order);
    const during = await startAll(world);
    if (held) await hand.end(held);

    expect(during).toEqual([]);
    expect((await startAll(world)).map(({ change }) => change?.vpnConnectionId)).toEqual(['b']);
  });

  it('tells of a batch that ended while somebody had paused the job', async () => {
    const settings = rolledOut({ batches: [1, 2], batchPause: 'first' });
    const jobId = await world.release(['a@1', 'b@2'], settings);
    const hand = world.hand();
    const [held] = await startAll(world);
    await world.verbs.order(jobId, 'pause', order);
    if (held) await hand.end(held);
    const paused = await world.job(jobId);
    await world.verbs.order(jobId, 'resume', order);

    expect(paused.reason).toBe(
      'paused by ops: it looks good; batch 1 of 2 has ended; resume the job to open the next one',
    );
    expect(await startAll(world)).toHaveLength(1);
  });

  it('counts a change that comes back to its queue as not ended', async () => {
    const jobId = await world.release(['a@1', 'b@2'], rolledOut({ batches: [1, 2] }));
    const hand = world.hand();
    const [held] = await startAll(world);
    if (held) await hand.record(stepOf(held, 'queued', { kind: 'requeue', dueInMs: 0 }));
    const again = await startAll(world);

    expect(again.map(({ change }) => change?.vpnConnectionId)).toEqual(['a']);
    expect(await world.states(jobId)).toEqual(['a:applying', 'b:queued']);
  });

  it('keeps the batches apart whoever comes when', async () => {
    const targets = Array.from({ length: 24 }, (_, index) => `c${index}@${index % 5}`);
    const batches = [1, 6, 12, 24];
    const jobId = await world.release(targets, rolledOut({ batches }, { maxInFlight: 3 }));
    const seqOf = (held: Held): number => held.change?.seq ?? -1;
    const early: number[] = [];
    const ended = new Set<number>();
    const work = async (name: string): Promise<void> => {
      const hand = world.hand(name);
      for (let turn = 0; turn < 30; turn += 1) {
        for (const held of await hand.claim(2)) {
          let mine = await hand.next(held);
          while (mine.change) {
            const bound = Math.max(0, ...batches.filter((batch) => batch <= seqOf(mine)));
            if ([...Array(bound).keys()].some((seq) => !ended.has(seq))) early.push(seqOf(mine));
            ended.add(seqOf(mine));
            mine = await hand.end(mine);
          }
        }
      }
    };
    await Promise.all([work('one'), work('two'), work('three')]);

    expect(early).toEqual([]);
    expect(await world.job(jobId)).toMatchObject({ state: 'succeeded' });
  });
}

/** One at once, then two, then four, as long as they succeed. */
export function defineSlowStartContract(world: World): void {
  const targets = Array.from({ length: 12 }, (_, index) => `c${index}@${index}`);

  it('doubles what is in flight each time that as many have succeeded, up to its concurrency', async () => {
    await world.release(targets, rolledOut({ slowStart: true, batches: [12] }, { maxInFlight: 5 }));
    const hand = world.hand();
    const waves: number[] = [];
    for (let begun = await startAll(world); begun.length > 0; begun = await startAll(world)) {
      waves.push(begun.length);
      for (const held of begun) await hand.record(stepOf(held, 'succeeded', { kind: 'next' }));
    }

    expect(waves).toEqual([1, 2, 4, 5]);
  });

  it('stays as slow as it is while changes fail', async () => {
    const policy = { failurePolicy: { onFailure: 'continue', maxErrors: 0 } } as const;
    await world.release(targets, rolledOut({ slowStart: true, batches: [12] }, policy));
    const hand = world.hand();
    const waves: number[] = [];
    for (let wave = 0; wave < 4; wave += 1) {
      const begun = await startAll(world);
      waves.push(begun.length);
      for (const held of begun) await hand.end(held, wave === 3 ? 'succeeded' : 'failed');
    }

    expect(waves).toEqual([1, 1, 1, 1]);
    expect(await startAll(world)).toHaveLength(2);
  });

  it('leaves it to batches where there are some', async () => {
    await world.release(targets, rolledOut({ slowStart: true, batches: [3, 12] }));

    expect(await startAll(world)).toHaveLength(3);
  });

  it('is not woken for slots that it does not have yet', async () => {
    await world.release(targets, rolledOut({ slowStart: true, batches: [12] }));
    await startAll(world);

    expect(await world.lanes.repair()).toMatchObject({ roused: 0 });
  });
}
