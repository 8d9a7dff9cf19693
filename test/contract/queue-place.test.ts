import { describe, expect, it } from 'vitest';
import type { NewJob } from '../../shared/job/record.ts';
import type { JobSettings } from '../../shared/job/settings.ts';
import { changeIdOf, someSettings } from '../helpers/factories-store.ts';
import { openWorldOn } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

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
      laneAhead: { id: changeIdOf(older, 1), jobId: older, others: 1 },
    });
    expect(await placeOf(jobId, 1)).toMatchObject({
      connectionAhead: { id: changeIdOf(older, 0), jobId: older, others: 0 },
    });
    expect(await placeOf(jobId, 2)).toEqual(nothing);
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
    expect(await placeOf(jobId, 2)).toMatchObject({ batch: { number: 2, of: 3, left: 1 } });
    expect(await placeOf(jobId, 3)).toMatchObject({ batch: { number: 3, of: 3, left: 1 } });
  });

  it('are the slots of its job when none is free', async () => {
    const jobId = await world.release(['a@1', 'b@2'], { maxInFlight: 1 });
    const hand = world.hand();
    const free = await placeOf(jobId, 1);
    await hand.next(await hand.take('1'));

    expect(free).toMatchObject({ slots: null });
    expect(await placeOf(jobId, 1)).toMatchObject({ slots: { inFlight: 1, limit: 1 } });
  });

  it('is what its job waits for', async () => {
    const jobId = await world.release(['a@1'], settings({ approvalsRequired: 2 }));

    expect(await placeOf(jobId, 0)).toMatchObject({
      hold: { kind: 'approval', required: 2, given: [] },
    });
  });
});
