import { describe, expect, it } from 'vitest';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import type { NewJob } from '../../shared/job/record.ts';
import type { NewSchedule, ScheduleRecord } from '../../shared/schedule/record.ts';
import type { RunDeed, ScheduleRun, ScheduleStore } from '../../shared/schedule/schedule-store.ts';
import { aNewJob } from '../helpers/factories-store.ts';
import type { World } from './lane-store-world.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Schedules in these tests run at each full hour. */
function nextHour(moment: number): number {
  return (Math.floor(moment / hour) + 1) * hour;
}

function aSchedule(overrides: Partial<NewSchedule> = {}): NewSchedule {
  return {
    name: 'nightly',
    cron: '0 * * * *',
    timeZone: 'UTC',
    enabled: true,
    overlap: 'skip',
    minAge: null,
    plan: { shown: { title: 'naïve "ö"' }, sealedSets: [] },
    updatedBy: 'ops',
    ...overrides,
  };
}

/** Schedules and what is to be run of them, as every implementation keeps them. */
export function defineScheduleStoreContract(world: World): void {
  const store = (): ScheduleStore => createPgScheduleStore(world.database);
  const iso = (moment: number): string => new Date(moment).toISOString();
  const now = (): string => iso(world.clock.now());

  async function stored(name = 'nightly'): Promise<ScheduleRecord> {
    const schedule = await store().get(name);
    if (schedule === null) throw new Error(`no schedule ${name}`);
    return schedule;
  }

  /** Writes a schedule and lets its first planned time come. */
  async function dueSchedule(overrides: Partial<NewSchedule> = {}): Promise<ScheduleRecord> {
    await store().put(aSchedule(overrides), nextHour);
    const { name } = aSchedule(overrides);
    const { nextRunAt } = await stored(name);
    await world.pass(Date.parse(nextRunAt ?? '') - world.clock.now());
    return stored(name);
  }

  function plannedRun({ name, version, nextRunAt }: ScheduleRecord): ScheduleRun {
    const dueAt = nextRunAt ?? '';
    const next = iso(nextHour(world.clock.now()));
    return { name, version, planned: { dueAt, plannedAt: dueAt, nextRunAt: next } };
  }

  let jobs = 0;
  function aJobOf({ name, planned }: ScheduleRun, overrides: Partial<NewJob> = {}): RunDeed {
    jobs += 1;
    const id = `job_s${String(jobs).padStart(3, '0')}`;
    const schedule = { name, plannedAt: planned?.plannedAt ?? null, minAge: null };
    return { kind: 'submit', job: aNewJob(['a@1'], { id, schedule, ...overrides }) };
  }

  const jobIdOf = (deed: RunDeed): string => (deed.kind === 'submit' ? deed.job.id : '');

  async function dueNames(): Promise<string[]> {
    const { schedules } = await store().due({ limit: 100, after: null });
    return schedules.map(({ name }) => name);
  }

  async function jobCount(): Promise<number> {
    return (await world.jobs.list({ states: null, limit: 100, before: null })).length;
  }

  describe('writing', () => {
    it('creates a schedule with its first planned time', async () => {
      const sealedSets = [{ target: null, keys: { 'IkeConfig.Psk': 'sealed' } }];
      const plan = { shown: { title: 'naïve "ö"', targets: [1, { a: null }] }, sealedSets };
      const schedule = aSchedule({ plan, overlap: 'queue', minAge: 'P90D' });

      expect(await store().put(schedule, nextHour)).toBe('created');
      expect(await store().get('nightly')).toEqual({
        ...schedule,
        position: 1,
        version: 1,
        createdAt: now(),
        updatedAt: now(),
        nextRunAt: iso(nextHour(world.clock.now())),
        lastRun: null,
        lastJob: null,
      });
      expect(await store().get('Nightly')).toBeNull();
    });

    it('replaces all but its place, its creation and what its runs came to', async () => {
      const due = await dueSchedule();
      const run = plannedRun(due);
      const deed = aJobOf(run);
      await store().run(run, deed);
      await world.pass(minute);
      const other = aSchedule({ cron: '30 * * * *', timeZone: 'Asia/Shanghai', updatedBy: 'eve' });

      expect(await store().put(other, (moment) => moment + minute)).toBe('replaced');
      expect(await stored()).toMatchObject({
        ...other,
        position: due.position,
        createdAt: due.createdAt,
        updatedAt: now(),
        nextRunAt: iso(world.clock.now() + minute),
        lastRun: { plannedAt: due.nextRunAt, outcome: 'submitted' },
        lastJob: { id: jobIdOf(deed) },
      });
      expect((await stored()).version).toBeGreaterThan(due.version);
    });

    it('keeps a planned time that has come, unless the timetable is another one', async () => {
      const due = await dueSchedule();
      await world.pass(minute);

      await store().put(aSchedule({ overlap: 'queue' }), nextHour);
      const same = await stored();
      await store().put(aSchedule({ timeZone: 'Asia/Shanghai' }), nextHour);
      const other = await stored();

      expect(same.nextRunAt).toBe(due.nextRunAt);
      expect(other.nextRunAt).toBe(iso(nextHour(world.clock.now())));
    });

    it('forgets planned times while it is not enabled', async () => {
      await dueSchedule();

      await store().put(aSchedule({ enabled: false }), nextHour);
      const off = [await stored(), await dueNames()];
      await store().put(aSchedule(), nextHour);
      const on = [await stored(), await dueNames()];

      expect(off).toMatchObject([{ nextRunAt: null }, []]);
      expect(on).toMatchObject([{ nextRunAt: iso(nextHour(world.clock.now())) }, []]);
    });

    it('deletes a schedule and keeps its jobs', async () => {
      const run = plannedRun(await dueSchedule());
      const deed = aJobOf(run);
      await store().run(run, deed);

      expect([await store().remove('nightly'), await store().remove('nightly')]).toEqual([
        true,
        false,
      ]);
      expect(await store().get('nightly')).toBeNull();
      expect(await world.job(jobIdOf(deed))).toMatchObject({ scheduleName: 'nightly' });
    });

    it('lists schedules in the order of their creation, page by page', async () => {
      for (const name of ['c', 'a', 'b']) await store().put(aSchedule({ name }), nextHour);
      await store().put(aSchedule({ name: 'c', overlap: 'queue' }), nextHour);

      const first = await store().list({ limit: 2, after: null });
      const second = await store().list({ limit: 2, after: first.at(-1)?.position ?? null });

      expect([first, second].map((page) => page.map(({ name }) => name))).toEqual([
        ['c', 'a'],
        ['b'],
      ]);
    });
  });

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
