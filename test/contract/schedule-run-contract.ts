import { describe, expect, it } from 'vitest';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import type { ScheduleRecord } from '../../shared/schedule/record.ts';
import type { RunDeed, ScheduleRun } from '../../shared/schedule/schedule-store.ts';
import type { SqlWorld } from './lane-store-world.ts';
import { aSchedule, hour, minute, nextHour, openSchedules } from './schedule-store-world.ts';

/** What is to be run of schedules, and what became of it. */
export function defineScheduleRunContract(world: SqlWorld): void {
  const { store, now, stored, dueSchedule, plannedRun, aJobOf, jobIdOf, dueNames, jobCount } =
    openSchedules(world);

  describe('a planned run', () => {
    it('is due when its time has come, not before', async () => {
      await store().put(aSchedule(), nextHour);
      const untilThen = nextHour(world.clock.now()) - world.clock.now();
      await world.pass(untilThen - 1);
      const before = await store().due({ limit: 9, after: null });
      await world.pass(1);
      const then = await store().due({ limit: 9, after: null });

      expect(before).toEqual({ now: world.clock.now() - 1, schedules: [] });
      expect(then).toEqual({ now: world.clock.now(), schedules: [await stored()] });
      expect(
        await store().due({ limit: 9, after: then.schedules[0]?.position ?? 0 }),
      ).toMatchObject({
        schedules: [],
      });
    });

    it('gives its job and moves the schedule on', async () => {
      const due = await dueSchedule();
      const run = plannedRun(due);
      const deed = aJobOf(run);
      await world.pass(minute);

      expect(await store().run(run, deed)).toEqual({ kind: 'submitted', jobId: jobIdOf(deed) });
      expect(await stored()).toMatchObject({
        nextRunAt: run.planned?.nextRunAt,
        lastRun: { at: now(), plannedAt: due.nextRunAt, outcome: 'submitted', reason: null },
        lastJob: { id: jobIdOf(deed), state: 'resolving', reason: null },
      });
      expect(await world.job(jobIdOf(deed))).toMatchObject({ scheduleName: 'nightly' });
      expect(await dueNames()).toEqual([]);
    });

    it('is done once, however often and by how many it is done at once', async () => {
      const another = createPgScheduleStore(await world.database.another());
      const run = plannedRun(await dueSchedule({ overlap: 'queue' }));

      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, turn) =>
          (turn % 2 === 0 ? store() : another).run(run, aJobOf(run)),
        ),
      );
      const late = await store().run(run, aJobOf(run));

      expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
        ...Array<string>(11).fill('lost'),
        'submitted',
      ]);
      expect(late).toEqual({ kind: 'lost' });
      expect(await jobCount()).toBe(1);
    });

    it('gives no second job for a planned time that comes again', async () => {
      const due = await dueSchedule({ overlap: 'queue' });
      const run = plannedRun(due);
      const first = aJobOf(run);
      await store().run(run, first);
      // As after a restore, or with a clock that was set back.
      await store().remove('nightly');
      await store().put(aSchedule({ overlap: 'queue' }), () => Date.parse(due.nextRunAt ?? ''));
      const again = plannedRun(await stored());

      expect(await store().run(again, aJobOf(again))).toEqual({
        kind: 'repeated',
        jobId: jobIdOf(first),
      });
      expect(await dueNames()).toEqual([]);
      expect(await jobCount()).toBe(1);
    });

    it('is left out while a job of its schedule is unfinished, and says which', async () => {
      const first = plannedRun(await dueSchedule());
      const deed = aJobOf(first);
      await store().run(first, deed);
      await world.pass(hour);
      const second = plannedRun(await stored());

      expect(await store().run(second, aJobOf(second))).toEqual({
        kind: 'skipped',
        jobId: jobIdOf(deed),
      });
      expect(await stored()).toMatchObject({
        nextRunAt: second.planned?.nextRunAt,
        lastRun: {
          at: now(),
          plannedAt: second.planned?.plannedAt,
          outcome: 'skipped',
          reason: `${jobIdOf(deed)} was unfinished`,
        },
        lastJob: { id: jobIdOf(deed) },
      });
      expect(await jobCount()).toBe(1);
    });

    it('comes again once the job before it has ended', async () => {
      const first = plannedRun(await dueSchedule());
      const deed = aJobOf(first);
      await store().run(first, deed);
      await world.database.query(`UPDATE lanekeeper.job SET finished_at = lanekeeper.now()`);
      await world.pass(hour);
      const second = plannedRun(await stored());

      expect(await store().run(second, aJobOf(second))).toMatchObject({ kind: 'submitted' });
    });

    it('is submitted beside an unfinished job where that is wanted', async () => {
      const first = plannedRun(await dueSchedule({ overlap: 'queue' }));
      await store().run(first, aJobOf(first));
      await world.pass(hour);
      const second = plannedRun(await stored());

      expect(await store().run(second, aJobOf(second))).toMatchObject({ kind: 'submitted' });
      expect(await jobCount()).toBe(2);
    });

    it('does not mind unfinished jobs of others', async () => {
      await world.accept(['a@1']);
      const other = plannedRun(await dueSchedule({ name: 'other' }));
      await store().run(other, aJobOf(other));
      const run = plannedRun(await dueSchedule());

      expect(await store().run(run, aJobOf(run))).toMatchObject({ kind: 'submitted' });
    });

    it('that cannot be submitted is reported, and the schedule goes on', async () => {
      const run = plannedRun(await dueSchedule());

      expect(await store().run(run, { kind: 'fail', reason: 'the plan has a fault' })).toEqual({
        kind: 'failed',
      });
      expect(await stored()).toMatchObject({
        enabled: true,
        nextRunAt: run.planned?.nextRunAt,
        lastRun: { outcome: 'failed', reason: 'the plan has a fault' },
        lastJob: null,
      });
    });

    it('is lost when the schedule was written again or deleted meanwhile', async () => {
      const run = plannedRun(await dueSchedule());
      await store().put(aSchedule({ minAge: 'P1D' }), nextHour);
      const rewritten = await store().run(run, aJobOf(run));
      const stillDue = await dueNames();
      await store().remove('nightly');
      const deleted = await store().run(run, aJobOf(run));

      expect([rewritten, deleted]).toEqual([{ kind: 'lost' }, { kind: 'lost' }]);
      expect(stillDue).toEqual(['nightly']);
      expect(await jobCount()).toBe(0);
    });

    it('leaves nothing behind when its job cannot be stored', async () => {
      const run = plannedRun(await dueSchedule());
      const failurePolicy = { onFailure: 'stop', maxErrors: 1e12 } as const;

      await expect(store().run(run, aJobOf(run, { failurePolicy }))).rejects.toMatchObject({
        code: 'internal',
      });
      expect(await dueNames()).toEqual(['nightly']);
      expect(await store().run(run, aJobOf(run))).toMatchObject({ kind: 'submitted' });
    });
  });

  describe('a run by hand', () => {
    const byHand = ({ name, version }: ScheduleRecord): ScheduleRun => {
      return { name, version, planned: null };
    };

    it('leaves the planned ones as they are', async () => {
      await store().put(aSchedule({ enabled: false }), nextHour);
      const run = byHand(await stored());
      const deed = aJobOf(run);

      expect(await store().run(run, deed)).toMatchObject({ kind: 'submitted' });
      expect(await stored()).toMatchObject({
        nextRunAt: null,
        lastRun: { at: now(), plannedAt: null, outcome: 'submitted', reason: null },
        lastJob: { id: jobIdOf(deed) },
      });
    });

    it('is refused while a job is unfinished, and that is no run', async () => {
      const run = byHand(await dueSchedule());
      const deed = aJobOf(run);
      await store().run(run, deed);
      const before = await stored();

      expect(await store().run(run, aJobOf(run))).toEqual({
        kind: 'skipped',
        jobId: jobIdOf(deed),
      });
      expect(await stored()).toEqual(before);
    });

    it('with a key is done once, also while its job is unfinished', async () => {
      const run = byHand(await dueSchedule());
      const keyed = (planHash = 'run'): RunDeed =>
        aJobOf(run, { idempotency: { key: 'ops\nk', planHash } });
      const first = keyed();

      expect(await store().run(run, first)).toMatchObject({ kind: 'submitted' });
      expect(await store().run(run, keyed())).toEqual({ kind: 'repeated', jobId: jobIdOf(first) });
      expect(await store().run(run, keyed('other'))).toEqual({ kind: 'key_reused' });
      expect(await jobCount()).toBe(1);
    });
  });
}
