import { z } from 'zod';
import { type ChangeState, changeStates } from '../../change/state.ts';
import { countMove, endOf, inFlightOf, mustStop } from '../../job/outcome.ts';
import type { ChangeCounts } from '../../job/record.ts';
import { type JobState, jobStates } from '../../job/state.ts';
import type { FreeSlots } from '../../lane/assign-slots.ts';
import { failureReactions } from '../../plan/rollout.ts';
import { callForSeals } from './call-for-seals.ts';
import { cancelWaiting } from './cancel-waiting.ts';
import type { Query } from './database.ts';
import type { ConnectionKey } from './ready-next.ts';
import { countsColumn } from './rows.ts';
import { unparkLanes } from './unpark-lanes.ts';

/** A change of a job went from one state to another. */
export interface Move {
  jobId: string;
  from: ChangeState;
  to: ChangeState;
}

const LockedRow = z.object({
  id: z.string(),
  state: z.enum(jobStates),
  stopping: z.boolean(),
  onFailure: z.enum(failureReactions),
  maxErrors: z.number(),
  maxInFlight: z.number(),
  counts: z.record(z.enum(changeStates), z.number()),
  reason: z.string().nullable(),
});

interface LockedJob extends z.infer<typeof LockedRow> {
  counts: ChangeCounts;
  state: JobState;
}

/** A change of the job begins or goes on again. */
interface Start {
  jobId: string;
  from: 'queued' | 'verifying';
}

/** How many more changes of each locked job may be in flight. */
export interface JobSlots {
  /** For changes that have not begun; a job that stops has none. */
  toStart: FreeSlots;
  /** Takes a slot for a change that was begun, if there is one; the job may be stopping. */
  takeToResume(jobId: string): boolean;
}

/** The jobs of a transaction, locked, with their counts brought up to date. */
export interface MovedJobs {
  slots: JobSlots;
  /** Connections of changes that were cancelled: others may go on there. */
  freed: readonly ConnectionKey[];
  /**
   * Counts the starts, ends jobs whose last change became final, and writes all back. Answers with lanes that idled for
   * want of a slot and must be woken after the commit.
   */
  finish(run: Query, starts: readonly Start[]): Promise<readonly string[]>;
}

/**
 * Locks the jobs concerned, and all that have changes on `laneKeys`, in the order of their ids; counts the moves, and lets
 * the failure policy act: a job that must stop has its waiting changes cancelled here and now, under its lock, before
 * anything more of it can start.
 */
export async function moveJobs(
  run: Query,
  input: {
    moves: readonly Move[];
    laneKeys: readonly string[];
    stops: readonly { jobId: string; reason: string }[];
  },
): Promise<MovedJobs> {
  const moves = input.moves.filter((move) => move.from !== move.to);
  const touched = new Set([...moves, ...input.stops].map(({ jobId }) => jobId));
  const jobs = await lockJobs(run, [...touched], input.laneKeys);
  for (const { jobId, ...move } of moves) update(jobs, jobId, (job) => countMove(job.counts, move));
  const freed: ConnectionKey[] = [];
  for (const job of jobs.values()) {
    const stop = input.stops.find((candidate) => candidate.jobId === job.id);
    if (job.state === 'running' || job.state === 'paused')
      freed.push(...(await stopIfDue(run, job, stop?.reason)));
  }
  return {
    slots: jobSlotsOf(jobs),
    freed,
    finish: (finishRun, starts) => finishJobs(finishRun, { jobs, touched, starts }),
  };
}

/** Cancels what waits of a job that stops. It goes on stopping: what comes back to its queue later is cancelled then. */
async function stopIfDue(
  run: Query,
  job: LockedJob,
  reason: string | undefined,
): Promise<readonly ConnectionKey[]> {
  job.stopping ||= reason !== undefined || mustStop(job.counts, job);
  job.reason ??= reason ?? null;
  if (!job.stopping || job.counts.queued === 0) return [];
  const cancelled = await cancelWaiting(run, job.id);
  job.reason ??= 'stopped: more changes failed than the plan allows';
  const howMany = cancelled.length;
  job.counts = countMove(job.counts, { from: 'queued', to: 'cancelled', howMany });
  return cancelled;
}

function slotsOf(job: LockedJob): number {
  return job.state !== 'running' || job.stopping ? 0 : freeOf(job);
}

function freeOf(job: LockedJob): number {
  return Math.max(0, job.maxInFlight - inFlightOf(job.counts));
}

function jobSlotsOf(jobs: ReadonlyMap<string, LockedJob>): JobSlots {
  const toStart = new Map([...jobs.values()].map((job) => [job.id, slotsOf(job)]));
  const toResume = new Map([...jobs.values()].map((job) => [job.id, freeOf(job)]));
  return {
    toStart,
    takeToResume(jobId) {
      const free = toResume.get(jobId) ?? 0;
      if (free <= 0) return false;
      toResume.set(jobId, free - 1);
      toStart.set(jobId, Math.max(0, (toStart.get(jobId) ?? 0) - 1));
      return true;
    },
  };
}

function update(
  jobs: ReadonlyMap<string, LockedJob>,
  jobId: string,
  counted: (job: LockedJob) => ChangeCounts,
): void {
  const job = jobs.get(jobId);
  if (job) job.counts = counted(job);
}

async function lockJobs(
  run: Query,
  ids: readonly string[],
  laneKeys: readonly string[],
): Promise<Map<string, LockedJob>> {
  if (ids.length === 0 && laneKeys.length === 0) return new Map();
  const rows = await run(
    `SELECT j.id, j.state, j.stopping, j.on_failure AS "onFailure", j.max_errors AS "maxErrors",
            j.max_in_flight AS "maxInFlight", j.reason,
            ${countsColumn}
       FROM lanekeeper.job j
      WHERE j.id = ANY (ARRAY(
            SELECT unnest($1::text[]) UNION SELECT lj.job_id FROM lanekeeper.lane_job lj WHERE lj.lane_key = ANY ($2)
            UNION SELECT w.job_id FROM lanekeeper.change w WHERE w.lane_key = ANY ($2) AND w.resume_at IS NOT NULL))
      ORDER BY j.id FOR UPDATE`,
    [ids, laneKeys],
  );
  return new Map(rows.map((row) => LockedRow.parse(row)).map((job) => [job.id, job]));
}

async function finishJobs(
  run: Query,
  input: {
    jobs: ReadonlyMap<string, LockedJob>;
    touched: ReadonlySet<string>;
    starts: readonly Start[];
  },
): Promise<readonly string[]> {
  const { jobs, starts } = input;
  for (const { jobId, from } of starts) {
    update(jobs, jobId, (job) => countMove(job.counts, { from, to: 'applying' }));
  }
  const startsOf = new Set(starts.map(({ jobId }) => jobId));
  const touched = [...jobs.values()].filter(
    (job) => input.touched.has(job.id) || startsOf.has(job.id),
  );
  const ended = touched.flatMap((job) => {
    const end = endOf(job.counts);
    if (end !== null) job.state = end;
    return end === null ? [] : [job.id];
  });
  if (touched.length > 0) await writeJobs(run, touched, ended);
  if (ended.length > 0) {
    await run('DELETE FROM lanekeeper.lane_job WHERE job_id = ANY ($1)', [ended]);
    await callForSeals(run, ended);
  }
  // Every job that was locked is served, not only those with a change that ended: a lane that was woken for a slot and did
  // not use it passes it on.
  const slots = [...jobs.values()].map((job) => ({ id: job.id, slots: slotsOf(job) }));
  return unparkLanes(run, slots);
}

async function writeJobs(
  run: Query,
  jobs: readonly LockedJob[],
  ended: readonly string[],
): Promise<void> {
  const columns = changeStates.map((state) => `${state} = (r.counts->>'${state}')::int`).join(', ');
  const rows = jobs.map(({ id, state, stopping, reason, counts }) => {
    return { id, state, stopping, reason, counts };
  });
  await run(
    `UPDATE lanekeeper.job j
        SET state = r.state, stopping = r.stopping, reason = r.reason, ${columns},
            finished_at = CASE WHEN j.id = ANY ($2) THEN lanekeeper.now() ELSE j.finished_at END
       FROM jsonb_to_recordset($1::jsonb) AS r(id text, state text, stopping boolean, reason text, counts jsonb)
      WHERE j.id = r.id`,
    [JSON.stringify(rows), ended],
  );
}
