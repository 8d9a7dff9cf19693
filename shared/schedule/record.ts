import type { JobState } from '../job/state.ts';
import type { LastOutcome } from './outcome.ts';
import type { ScheduleInput } from './schema.ts';
import type { StoredPlan } from './stored-plan.ts';

/** A schedule as it is to be stored. */
export interface NewSchedule extends Omit<ScheduleInput, 'plan'> {
  name: string;
  plan: StoredPlan;
  /** Name of who wrote it: the submitter of its jobs. */
  updatedBy: string;
}

/** The last run that came to something or should have. Times are ISO 8601 UTC. */
export interface LastRun {
  at: string;
  /** When it should have been; null when it was run by hand. */
  plannedAt: string | null;
  outcome: LastOutcome;
  /** Why there is no job; null when there is one. */
  reason: string | null;
}

/** A schedule as stored. Times are ISO 8601 UTC. */
export interface ScheduleRecord extends NewSchedule {
  /** Place in the order of creation. */
  position: number;
  /** Another one with each writing. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** The earliest planned time that nobody has seen to yet; null when it does not run by itself. */
  nextRunAt: string | null;
  lastRun: LastRun | null;
  /** The last job that came of it, however long ago. */
  lastJob: { id: string; state: JobState; reason: string | null } | null;
}
