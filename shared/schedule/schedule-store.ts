import type { NewJob } from '../job/record.ts';
import type { NewSchedule, ScheduleRecord } from './record.ts';

/** A run of a schedule that somebody has decided on. */
export interface ScheduleRun {
  name: string;
  /** The writing of the schedule that it was decided on. */
  version: number;
  /** Null when it is run by hand. */
  planned: {
    /** The `nextRunAt` that was found: whoever moves it on first has the run. */
    dueAt: string;
    /** The planned time that is made up, the latest one that has come. */
    plannedAt: string;
    nextRunAt: string | null;
  } | null;
}

/** What is to come of a run: a job, or the report of why there is none. */
export type RunDeed = { kind: 'submit'; job: NewJob } | { kind: 'fail'; reason: string };

/** What became of a run. */
export type RunOutcome =
  | { kind: 'submitted'; jobId: string }
  /** The planned time, or the key of a run by hand, has had its job before: that one. */
  | { kind: 'repeated'; jobId: string }
  /** This job of the schedule is unfinished and they may not overlap. */
  | { kind: 'skipped'; jobId: string }
  | { kind: 'failed' }
  /** The key was used for something else. */
  | { kind: 'key_reused' }
  /** The schedule was written again or deleted, or somebody else has had the run: nothing was done. */
  | { kind: 'lost' };

/** Schedules. All times are the store's own. Raises `unavailable` when the database cannot be reached. */
export interface ScheduleStore {
  /**
   * Creates or replaces the schedule of that name; what is known of its runs stays. `nextRun` gives the first planned time
   * after a moment (ms since the epoch), null for none. A planned time that has come and was not seen to yet is kept, unless
   * the timetable has changed.
   */
  put(
    schedule: NewSchedule,
    nextRun: (moment: number) => number | null,
  ): Promise<'created' | 'replaced'>;
  get(name: string): Promise<ScheduleRecord | null>;
  /** In the order of creation; `after` is the position of the last one seen. */
  list(query: { limit: number; after: number | null }): Promise<readonly ScheduleRecord[]>;
  /** Whether there was one. Its jobs stay. */
  remove(name: string): Promise<boolean>;
  /** Schedules whose next run has come, in the order of creation, and the time (ms since the epoch) at which that is so. */
  due(query: {
    limit: number;
    after: number | null;
  }): Promise<{ now: number; schedules: readonly ScheduleRecord[] }>;
  /**
   * Does what is to come of a run and moves the schedule on, in one transaction: either both are done or nothing is, and
   * of several callers one does it.
   */
  run(run: ScheduleRun, deed: RunDeed): Promise<RunOutcome>;
}
