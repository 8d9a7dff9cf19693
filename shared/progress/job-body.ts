import { z } from 'zod';
import { type ChangeState, changeStates, isFinalChange } from '../change/state.ts';
import { holdReason } from '../job/hold.ts';
import type { JobRecord } from '../job/record.ts';
import { isFinalJob, jobStates } from '../job/state.ts';
import { digestOf } from '../platform/canonical.ts';
import type { Clock } from '../platform/clock.ts';
import { Stamp } from './stamp.ts';

/** A job as callers see it. */
export const JobBody = z
  .object({
    id: z.string().describe('`job_` and a sortable id.'),
    title: z.string(),
    state: z.enum(jobStates).describe('The last three are for good.'),
    createdAt: Stamp,
    createdBy: z.string().describe('Name of the token it was submitted with.'),
    startedAt: Stamp.nullable(),
    finishedAt: Stamp.nullable(),
    estimatedFinishAt: Stamp.nullable().describe(
      'From the pace so far; null before the first change has ended and once the job has.',
    ),
    planDigest: z
      .string()
      .nullable()
      .describe('SHA-256 of the resolved plan and what it found; null until the job is resolved.'),
    total: z
      .int()
      .nullable()
      .describe('Number of changes; null until it is known how many connections are selected.'),
    counts: z.record(z.enum(changeStates), z.int()).describe('Number of changes in each state.'),
    progress: z.number().min(0).max(1).describe('Share of changes in a final state.'),
    reason: z.string().nullable().describe('Why it ended as it did, or is held.'),
    retryOf: z
      .string()
      .nullable()
      .describe('The job of which it takes up what failed or was cancelled.'),
    rollbackOf: z.string().nullable(),
    scheduleName: z.string().nullable().describe('The schedule that it came of.'),
    links: z.object({ self: z.string(), changes: z.string() }).describe('Paths of this API.'),
  })
  .meta({ id: 'Job' });
export type JobBody = z.infer<typeof JobBody>;

/** One page of jobs. */
export const JobList = z
  .object({
    items: z.array(JobBody),
    nextCursor: z
      .string()
      .nullable()
      .describe('Give it as `cursor` for the next page; null at the end.'),
  })
  .meta({ id: 'JobList' });
export type JobList = z.infer<typeof JobList>;

/** The path of a job. */
export function jobPath(jobId: string): string {
  return `/v1/jobs/${jobId}`;
}

/** A stored job as callers see it. */
export function jobBodyOf(job: JobRecord, clock: Clock): JobBody {
  const { id, title, state, createdAt, createdBy, startedAt, finishedAt } = job;
  const { planDigest, total, counts, reason, scheduleName } = job;
  return {
    id,
    title,
    state,
    createdAt,
    createdBy,
    startedAt,
    finishedAt,
    estimatedFinishAt: estimateFinish(job, clock),
    planDigest,
    total,
    counts: { ...counts },
    progress: progressOf(job),
    reason: reason ?? (job.hold && holdReason(job.hold)),
    retryOf: job.retryOf,
    rollbackOf: job.rollbackOf,
    scheduleName,
    links: { self: jobPath(id), changes: `${jobPath(id)}/changes` },
  };
}

/**
 * A weak entity tag of a job. It follows what is stored, not the estimate, which moves with the clock:
 * as long as the tag is the same, nothing has happened.
 */
export function jobTagOf(job: JobRecord): string {
  return `W/"${digestOf(job).slice(0, 32)}"`;
}

function endedChanges({ counts }: JobRecord): number {
  const isFinal = (state: ChangeState): boolean => isFinalChange(state);
  return changeStates.filter(isFinal).reduce((sum, state) => sum + counts[state], 0);
}

/** Rounded down to 1/10,000, so that it is 1 only when everything has ended. */
function progressOf(job: JobRecord): number {
  if (job.total === null) return 0;
  if (job.total === 0) return isFinalJob(job.state) ? 1 : 0;
  return Math.floor((endedChanges(job) / job.total) * 10_000) / 10_000;
}

/** When the rest takes as long for each change as what has ended so far. */
function estimateFinish(job: JobRecord, clock: Clock): string | null {
  const ended = endedChanges(job);
  if (job.total === null || job.startedAt === null || isFinalJob(job.state) || ended === 0) {
    return null;
  }
  const elapsedMs = Math.max(0, clock.now() - Date.parse(job.startedAt));
  const remainingMs = (elapsedMs * (job.total - ended)) / ended;
  return new Date(Math.round(clock.now() + remainingMs)).toISOString();
}
