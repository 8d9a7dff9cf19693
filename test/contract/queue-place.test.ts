import { describe, expect, it } from 'vitest';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import {
  type ChangeDelivery,
  type ChangeProof,
  nothingHandedOver,
} from '../../shared/change/handover.ts';
import type { NewJob } from '../../shared/job/record.ts';
import type { JobSettings } from '../../shared/job/settings.ts';
import { withPostgres } from '../helpers/databases.ts';
import { changeIdOf, someSettings } from '../helpers/factories-store.ts';
import { next, openWorld, openWorldOn, stepOf } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

const since = '2026-11-22T10:00:00.000Z';
const aDelivery: ChangeDelivery = {
  part: 'tun-s',
  direction: 'forth',
  stage: 'done',
  deliveredTo: [],
  isAcknowledged: false,
  isApplied: false,
  since,
  acknowledgeUntil: null,
  failures: 0,
};
const aProof: ChangeProof = {
  part: 'tun-s',
  direction: 'forth',
  subjects: [{ tunnelId: 'tun-s', wasUp: true, downSince: null, logReadTo: null, verdict: null }],
  phase: 'ike',
  unsettledAt: null,
  settledAt: null,
  lifetimeSeconds: 86_400,
};

describe.each(storeKinds)('what stands before a change, $kind', ({ subject }) => {
  const world = openWorldOn(subject());
  const placeOf = async (jobId: string, seq: number) =>
    (await world.jobs.getChange(jobId, changeIdOf(jobId, seq)))?.queue;
  const settings = (some: Partial<JobSettings>): Partial<NewJob> => ({
    settings: { ...someSettings, ...some },
  });
  const nothing = {
    hold: null,
    batch: null,
    connectionAhead: null,
    laneAhead: null,
    slots: null,
    settleMs: null,
  };

  it('is nothing for the first of its lane', async () => {
    const jobId = await world.release(['a@1']);

    expect(await placeOf(jobId, 0)).toEqual(nothing);
  });

  it('are those on its connection and on its lane, the nearest by name', async () => {
    const older = await world.release(['a@1', 'b@1']);
    const jobId = await world.release(['c@1', 'a@1', 'd@2']);

    expect(await placeOf(jobId, 0)).toMatchObject({
      connectionAhead: null,
      laneAhead: { id: changeIdOf(older, 1), jobId: older, others: 1, isHeld: false },
    });
    expect(await placeOf(jobId, 1)).toMatchObject({
      connectionAhead: { id: changeIdOf(older, 0), jobId: older, others: 0, isHeld: false },
    });
    expect(await placeOf(jobId, 2)).toEqual(nothing);
  });

  it('are not those on its lane that a pause or a batch holds back', async () => {
    const rollout = { ...someSettings.rollout, batches: [1, 3] };
    const inBatches = await world.release(['a@1', 'b@1', 'e@1'], settings({ rollout }));
    const paused = await world.release(['c@1', 'f@1']);
    await world.verbs.order(paused, 'pause', { actor: 'ops', reason: 'a look' });
    const jobId = await world.release(['d@1']);

    expect(await placeOf(jobId, 0)).toMatchObject({
      laneAhead: { id: changeIdOf(inBatches, 0), jobId: inBatches, others: 0, isHeld: false },
    });
  });

  it('is not told of what has begun', async () => {
    const jobId = await world.release(['a@1']);
    const hand = world.hand();
    await hand.next(await hand.take('1'));

    expect(await placeOf(jobId, 0)).toBeNull();
  });

  it('is its batch, and how much of the open one is left', async () => {
    const rollout = { ...someSettings.rollout, batches: [2, 3, 4] };
    const jobId = await world.release(['a@1', 'b@2', 'c@3', 'd@4'], settings({ rollout }));
    const hand = world.hand();
    await hand.end(await hand.next(await hand.take('1')));

    expect(await placeOf(jobId, 1)).toMatchObject({ batch: null });
    expect(await placeOf(jobId, 2)).toMatchObject({
      batch: { number: 2, of: 3, left: 1, rounds: 1 },
    });
    expect(await placeOf(jobId, 3)).toMatchObject({
      batch: { number: 3, of: 3, left: 1, rounds: 2 },
    });
  });

  it.each([
    ['none', false, false],
    ['first', true, false],
    ['every', true, true],
  ] as const)('is a batch that somebody has to open, pausing after %s', async (...row) => {
    const [batchPause, first, second] = row;
    const rollout = { ...someSettings.rollout, batches: [1, 2, 3], batchPause };
    const some = { ...settings({ rollout }), maxInFlight: 7 };
    const jobId = await world.release(['a@1', 'b@2', 'c@3'], some);
    const before = await placeOf(jobId, 2);
    const hand = world.hand();
    await hand.end(await hand.next(await hand.take('1')));
    await world.verbs.order(jobId, 'resume', { actor: 'ops', reason: 'looked at' });

    expect(before).toMatchObject({ batch: { rounds: 2, pauses: first } });
    expect(await placeOf(jobId, 2)).toMatchObject({ batch: { rounds: 1, pauses: second } });
  });

  it('are the slots of its job when none is free', async () => {
    const jobId = await world.release(['a@1', 'b@2', 'c@3', 'd@4'], { maxInFlight: 1 });
    const hand = world.hand();
    const free = await placeOf(jobId, 1);
    await hand.next(await hand.take('1'));

    expect(free).toMatchObject({ slots: null });
    expect(await placeOf(jobId, 1)).toMatchObject({ slots: { inFlight: 1, limit: 1, ahead: 2 } });
    expect(await placeOf(jobId, 3)).toMatchObject({ slots: { ahead: 2 } });
  });

  it.each(['delivering', 'verifying'] as const)(
    'has no number of rounds, and a slot more to wait for, while one of its job is %s',
    async (state) => {
      const rollout = { ...someSettings.rollout, batches: [3, 4] };
      const some = { ...settings({ rollout }), maxInFlight: 1 };
      const jobId = await world.release(['a@1', 'b@2', 'c@3', 'd@4'], some);
      const hand = world.hand();
      const begun = await hand.next(await hand.take('1'));
      const before = await placeOf(jobId, 3);
      await hand.record(stepOf(begun, state, next, { step: 'prove' }));
      await hand.next(await hand.take('2'));

      expect(before).toMatchObject({ batch: { rounds: 3 } });
      expect(await placeOf(jobId, 3)).toMatchObject({ batch: { rounds: null } });
      expect(await placeOf(jobId, 2)).toMatchObject({ batch: null, slots: { ahead: 2 } });
    },
  );

  it('tells where somebody has to do something first', async () => {
    const older = await world.release(['a@1']);
    const jobId = await world.release(['a@1']);
    const free = await placeOf(jobId, 0);
    await world.verbs.order(older, 'pause', { actor: 'ops', reason: 'a look' });

    expect(free).toMatchObject({ connectionAhead: { isHeld: false } });
    expect(await placeOf(jobId, 0)).toMatchObject({ connectionAhead: { isHeld: true } });
  });

  it('tells where one before it is in a batch that is not open', async () => {
    const rollout = { ...someSettings.rollout, batches: [1, 2], batchPause: 'every' as const };
    await world.release(['b@1', 'a@1'], settings({ rollout }));
    const jobId = await world.release(['a@1']);

    expect(await placeOf(jobId, 0)).toMatchObject({ connectionAhead: { isHeld: true } });
  });

  it.each([
    ['is handed over', { deliveries: [aDelivery], proof: null }],
    ['is to be proved', { deliveries: [], proof: aProof }],
  ])('tells where one before it settles that %s', async (_, handover) => {
    await world.release(['a@1']);
    const jobId = await world.release(['a@1']);
    const hand = world.hand();
    const begun = await hand.next(await hand.take('1'));
    const patch = { step: 'settle', handover: { ...nothingHandedOver, ...handover } } as const;
    await hand.record(stepOf(begun, 'settling', { kind: 'keep' }, patch));

    expect(await placeOf(jobId, 0)).toMatchObject({ connectionAhead: { isHeld: true } });
  });

  it('is what its job waits for', async () => {
    const jobId = await world.release(['a@1'], settings({ approvalsRequired: 2 }));

    expect(await placeOf(jobId, 0)).toMatchObject({
      hold: { kind: 'approval', required: 2, given: [] },
    });
  });
});

describe('what stands before a change, on a database', () => {
  const database = withPostgres();
  const world = openWorld(database);
  const placeOf = async (jobId: string) =>
    (await world.jobs.getChange(jobId, changeIdOf(jobId, 0)))?.queue;

  it('is nothing on its lane that a freeze holds back', async () => {
    const older = await world.release(['a@1', 'b@1']);
    const jobId = await world.release(['c@1']);
    const before = await placeOf(jobId);
    const until = new Date(world.clock.now() + 3_600_000).toISOString();
    const scope = 'connection:cn-hangzhou/b';
    const freeze = { name: 'b', scope, until, reason: 'an audit', createdBy: 'ops' };
    await createPgFreezeStore(database).put(freeze);

    expect(before).toMatchObject({
      laneAhead: { id: changeIdOf(older, 1), others: 1, isHeld: false },
    });
    expect(await placeOf(jobId)).toMatchObject({
      laneAhead: { id: changeIdOf(older, 0), others: 0, isHeld: false },
    });
  });

  it('tells how long the cloud took on average for others like it', async () => {
    const jobId = await world.release(['a@1']);
    const seconds = (name: string, labels: unknown, value: number) =>
      database.query(
        'INSERT INTO lanekeeper.tally (name, labels, value) VALUES ($1, $2::jsonb, $3)',
        [name, JSON.stringify(labels), value],
      );
    await seconds('settle_seconds_sum', { of: 'gateway' }, 90);
    await seconds('settle_seconds_bucket', { of: 'gateway', le: '30' }, 2);
    await seconds('settle_seconds_bucket', { of: 'gateway', le: '60' }, 1);
    await seconds('settle_seconds_sum', { of: 'attachment' }, 7);
    await seconds('settle_seconds_bucket', { of: 'attachment', le: '30' }, 7);

    expect(await placeOf(jobId)).toMatchObject({ settleMs: 30_000 });
  });
});
