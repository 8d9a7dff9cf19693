import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import type { NewJob } from '../../shared/job/record.ts';
import type { NewSchedule, ScheduleRecord } from '../../shared/schedule/record.ts';
import type { RunDeed, ScheduleRun, ScheduleStore } from '../../shared/schedule/schedule-store.ts';
import { aNewJob } from '../helpers/factories-store.ts';
import type { SqlWorld } from './lane-store-world.ts';

export const minute = 60_000;
export const hour = 60 * minute;

/** Schedules in these tests run at each full hour. */
export function nextHour(moment: number): number {
  return (Math.floor(moment / hour) + 1) * hour;
}

/** A schedule that runs at each full hour. */
export function aSchedule(overrides: Partial<NewSchedule> = {}): NewSchedule {
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

/** The schedule store on a world's database, and what tests do with it all the time. */
export function openSchedules(world: SqlWorld) {
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

  return { store, iso, now, stored, dueSchedule, plannedRun, aJobOf, jobIdOf, dueNames, jobCount };
}
