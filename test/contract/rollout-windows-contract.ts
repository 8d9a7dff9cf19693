import { expect, it } from 'vitest';
import type { NewJob } from '../../shared/job/record.ts';
import { someSettings } from '../helpers/factories-store.ts';
import { asHeld, type Held, leaseSeconds, stepOf, type World } from './lane-store-world.ts';

const hourMs = 3_600_000;
const leaseMs = leaseSeconds * 1_000;
const back = { kind: 'release', dueInMs: 0 } as const;

/** Between which times a job may start changes, and which approvers it waits for. */
export function defineWindowContract(world: World): void {
  const stampIn = (ms: number): string => new Date(world.clock.now() + ms).toISOString();
  const inWindow = (
    opensInMs: number | null,
    closesInMs: number | null,
    more: Partial<NewJob['settings']> = {},
  ): Partial<NewJob> => ({
    settings: {
      ...someSettings,
      window: {
        notBefore: opensInMs === null ? null : stampIn(opensInMs),
        notAfter: closesInMs === null ? null : stampIn(closesInMs),
      },
      ...more,
    },
  });
  const startAll = async (): Promise<Held[]> => {
    const hand = world.hand();
    const begun: Held[] = [];
    for (const held of await hand.claim()) begun.push(await hand.next(held));
    return begun.filter(({ change }) => change !== null);
  };
  /** What a worker does with the lanes of jobs that are due. Whoever held them before is gone. */
  const tend = async (): Promise<readonly string[]> => {
    await world.lanes.repair();
    const { lanes } = await world.lanes.claim({ worker: 'tender', limit: 99, leaseSeconds: 30 });
    const duties: string[] = [];
    for (const lane of lanes) {
      if (lane.kind === 'job') {
        duties.push(await world.lanes.tendJob(lane, lane.laneKey.replace('job:', '')));
      } else {
        await world
          .hand()
          .record(stepOf(asHeld(lane), lane.assignment?.change.state ?? 'queued', back));
      }
    }
    return duties;
  };
  /** The lane that has a change in flight, in the hands of whoever comes next. */
  const takeBegun = async (): Promise<Held> => {
    const begun = (await world.hand().claim()).find(({ change }) => change !== null);
    if (!begun) throw new Error('a change is in flight');
    return begun;
  };
  const kindsOf = async (jobId: string): Promise<string[]> => {
    const placed = await world.journal.readEvents({ jobId, after: null, limit: 100 });
    return placed.flatMap(({ place, event }) => (place.seq < 0 ? [event.kind] : []));
  };

  it('waits for its begin, and holds neither lane nor place meanwhile', async () => {
    const jobId = await world.release(['a@1'], inWindow(hourMs, null));
    const other = await world.release(['a@1']);
    await world.pass(leaseMs);
    const early = await tend();
    const during = await world.job(jobId);
    const [held] = await startAll();
    if (held) await world.hand().end(held);

    expect(during).toMatchObject({ state: 'waiting_for_window', startedAt: null });
    expect(early).toContain('later');
    expect(held?.change?.jobId).toBe(other);

    await world.pass(hourMs - 60_000 - leaseMs);
    await tend();
    expect(await startAll()).toEqual([]);
    await world.pass(60_000);
    await tend();
    expect(await world.job(jobId)).toMatchObject({ state: 'running' });
    expect((await startAll()).map(({ change }) => change?.jobId)).toEqual([jobId]);
  });

  it('is due by itself when it opens and when it closes', async () => {
    await world.release(['a@1'], inWindow(hourMs, 2 * hourMs));
    await tend();
    const dueIn = async (): Promise<number | null> =>
      (await world.lanes.claim({ worker: 'w', limit: 0, leaseSeconds: 30 })).nextDueInMs;
    const opens = await dueIn();
    await world.pass(hourMs);
    await tend();
    for (const held of await startAll()) {
      await world.hand().record(stepOf(held, 'settling', { kind: 'release', dueInMs: 9e6 }));
    }

    expect(opens).toBe(hourMs);
    expect(await dueIn()).toBe(hourMs);
  });

  it('lets what is in flight finish when it closes, and ends the rest and the job', async () => {
    const jobId = await world.release(['a@1', 'b@1', 'c@2'], {
      ...inWindow(null, hourMs),
      maxInFlight: 1,
    });
    await tend();
    await startAll();
    await world.pass(hourMs);
    await tend();
    const during = await world.states(jobId);
    await world.hand().end(await takeBegun());
    const job = await world.job(jobId);
    const changes = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: null });
    const cancelled = changes.filter(({ state }) => state === 'cancelled');

    expect(during.filter((state) => state.endsWith('applying'))).toHaveLength(1);
    expect(job).toMatchObject({ state: 'failed', counts: { succeeded: 1, cancelled: 2 } });
    expect(job.reason).toMatch(/^window_closed: the window was over at 20/);
    expect(cancelled.map(({ lastError }) => lastError?.class)).toEqual(
      Array(2).fill('window_closed'),
    );
    expect(await kindsOf(jobId)).toEqual(['window_closed']);
    expect(await tend()).toContain('seal');
  });

  it('starts nothing once it is over, however late that is noticed', async () => {
    const jobId = await world.release(['a@1', 'b@1'], inWindow(null, hourMs));
    const [held] = await startAll();
    await world.pass(hourMs);
    const next = held ? await world.hand().end(held) : null;
    const repaired = await world.lanes.repair();

    expect(next?.change).toBeNull();
    expect(await world.states(jobId)).toEqual(['a:succeeded', 'b:queued']);
    // The lane of the job alone is due.
    expect(repaired.roused).toBe(0);
    await tend();
    expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
  });

  it('cancels what comes back to its queue after it was over', async () => {
    const jobId = await world.release(['a@1', 'b@2'], {
      ...inWindow(null, hourMs),
      maxInFlight: 1,
    });
    await startAll();
    await world.pass(hourMs);
    await tend();
    await world.hand().record(stepOf(await takeBegun(), 'queued', { kind: 'requeue', dueInMs: 0 }));
    const changes = await world.jobs.listChanges({ jobId, states: null, limit: 9, after: null });

    expect(changes.map(({ state, lastError }) => [state, lastError?.class])).toEqual(
      Array(2).fill(['cancelled', 'window_closed']),
    );
    expect(await world.job(jobId)).toMatchObject({ state: 'failed' });
  });

  it('leaves a job alone of which everything had begun', async () => {
    const jobId = await world.release(['a@1'], inWindow(null, hourMs));
    await startAll();
    await world.pass(hourMs);
    await tend();
    await world.hand().end(await takeBegun());

    expect(await world.job(jobId)).toMatchObject({ state: 'succeeded' });
  });

  it('is over before the job is resolved', async () => {
    const jobId = await world.accept(['a@1', 'b@2'], inWindow(null, hourMs));
    await world.pass(hourMs);
    await world.resolve();

    expect(await world.job(jobId)).toMatchObject({ state: 'failed', counts: { cancelled: 2 } });
    expect(await startAll()).toEqual([]);
  });

  it('opens onto a pause that was ordered before', async () => {
    const jobId = await world.release(['a@1'], inWindow(hourMs, null));
    await world.verbs.order(jobId, 'pause', { actor: 'ops', reason: 'not today' });
    await world.pass(hourMs);
    await tend();

    expect(await world.job(jobId)).toMatchObject({ state: 'paused' });
    expect(await startAll()).toEqual([]);
  });

  it('waits for nothing once it is cancelled', async () => {
    const jobId = await world.release(['a@1'], inWindow(hourMs, 2 * hourMs));
    await tend();
    await world.verbs.order(jobId, 'cancel', { actor: 'ops', reason: 'not any more' });

    expect(await world.job(jobId)).toMatchObject({ state: 'cancelled' });
    expect(await tend()).toEqual(['seal']);
  });

  it('ends with the job when that waits for approvers in vain', async () => {
    const jobId = await world.release(['a@1'], inWindow(null, null, { approvalsRequired: 1 }));
    await tend();
    const before = await world.job(jobId);
    await world.pass(7 * 24 * hourMs - 1);
    await tend();
    const eve = await world.job(jobId);
    await world.pass(1);
    const duties = await tend();

    expect([before.state, eve.state]).toEqual(['awaiting_approval', 'awaiting_approval']);
    expect(await world.job(jobId)).toMatchObject({
      state: 'cancelled',
      reason: 'not approved within 7 days',
    });
    expect(duties).toEqual(['seal']);
    expect(await kindsOf(jobId)).toEqual(['approval_expired']);
  });

  it('is tended by whoever holds the lane alone', async () => {
    const jobId = await world.release(['a@1'], inWindow(hourMs, null));
    await world.pass(hourMs);
    const claim = { worker: 'w', limit: 99, leaseSeconds: 30 };
    const { lanes } = await world.lanes.claim(claim);
    const lane = lanes.find(({ kind }) => kind === 'job');
    if (!lane) throw new Error('the lane of the job is due');
    const stale = await world.lanes.tendJob({ ...lane, epoch: lane.epoch - 1 }, jobId);
    const untouched = await world.job(jobId);
    const mine = await world.lanes.tendJob(lane, jobId);

    expect([stale, mine]).toEqual(['lost', 'later']);
    expect(untouched).toMatchObject({ state: 'waiting_for_window' });
    expect(await world.job(jobId)).toMatchObject({ state: 'running' });
  });
}
