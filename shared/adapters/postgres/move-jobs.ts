import { z } from 'zod';
import { type ChangeState, changeStates, isFinalChange } from '../../change/state.ts';
import { countMove, endOf, inFlightOf, mustStop, slotLimitOf } from '../../job/outcome.ts';
import type { ChangeCounts } from '../../job/record.ts';
import { isFinalJob, type JobState, jobStates } from '../../job/state.ts';
import { windowClosed } from '../../job/window.ts';
import type { FreeSlots } from '../../lane/assign-slots.ts';
import { failureReactions } from '../../plan/rollout.ts';
import { cancelWaiting, countCancelled } from './cancel-waiting.ts';
import {
  type CompanionJobs,
  CompanionRow,
  companionColumns,
  companionJobsOf,
  lockMeeting,
} from './companions.ts';
import type { Query } from './database.ts';
import { BatchesRow, batchColumns, openBatches } from './open-batches.ts';
import type { ConnectionKey } from './ready-next.ts';
import { countsColumn, Timestamp } from './rows.ts';
import { tendJobs } from './tend-jobs.ts';
import { unparkLanes } from './unpark-lanes.ts';

/** A change of a job went from one state to another. */
export interface Move {
  jobId: string;
  /** The change's place in the plan. */
  seq: number;
  from: ChangeState;
  to: ChangeState;
}

/** Whether a job begins slowly: batches of its own say better how; `j` is the table's alias. */
export const isSlowStart = '(j.slow_start AND coalesce(cardinality(j.batches), 1) <= 1)';

const LockedRow = BatchesRow.extend(CompanionRow.shape).extend({
  id: z.string(),
  state: z.enum(jobStates),
  stopping: z.boolean(),
  onFailure: z.enum(failureReactions),
  maxErrors: z.number(),
  maxInFlight: z.number(),
  isSlowStart: z.boolean(),
  notAfter: Timestamp.nullable(),
  isWindowClosed: z.boolean(),
  refuted: z.number(),
  counts: z.record(z.enum(changeStates), z.number()),
  reason: z.string().nullable(),
});

interface LockedJob extends z.infer<typeof LockedRow> {
  counts: ChangeCounts;
  state: JobState;
}

/** A change of the job begins or goes on again. */
export interface Start {
  jobId: string;
  from: 'queued' | 'verifying';
  to: ChangeState;
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
  companions: CompanionJobs;
  /** Connections of changes that were cancelled: others may go on there. */
  freed: readonly ConnectionKey[];
  /**
   * Counts the starts, ends jobs whose last change became final, and writes all back, with statements that are given at once.
   * Answers with lanes that idled for want of a slot and must be woken after the commit.
   */
  finish(run: Query, starts: readonly Start[]): Promise<readonly string[]>;
}

/** What is said of whole jobs, besides the moves of their changes. */
export interface JobBearings {
  stops: readonly { jobId: string; reason: string }[];
  /** Jobs, once for each change that had ended well and was refuted. */
  refuted?: readonly string[];
  /** Jobs, once for each failure that they bear beyond `maxErrors`. */
  borne?: readonly string[];
}

/**
 * Locks the jobs concerned, and all that have changes on `laneKeys`, in the order of their ids, and then the meeting of those that
 * back each other up; counts the moves, and lets
 * the failure policy act: a job that must stop has its waiting changes cancelled here and now, under its lock, before
 * anything more of it can start.
 */
export async function moveJobs(
  run: Query,
  input: {
    moves: readonly Move[];
    laneKeys: readonly string[];
    /** Jobs of changes that had ended and whose verdict may be another one now. */
    retold?: readonly string[];
    /** The jobs concerned, where they are locked already. */
    locked?: LockedJobs | null;
  } & JobBearings,
): Promise<MovedJobs> {
  const moves = input.moves.filter((move) => move.from !== move.to);
  const retold = input.retold ?? [];
  const { refuted = [], stops } = input;
  const touched = new Set([...moves, ...stops].map(({ jobId }) => jobId).concat(refuted));
  const jobs = input.locked ?? (await lockJobs(run, [...touched, ...retold], input.laneKeys));
  const companions = companionJobsOf(jobs.values());
  await lockMeeting(run, companions);
  const inBatch = new Set(retold);
  for (const { jobId, seq, ...move } of moves) {
    update(jobs, jobId, (job) => {
      if (countInBatch(job, seq, move)) inBatch.add(jobId);
      return countMove(job.counts, move);
    });
  }
  countBearings(jobs, input);
  const freed: ConnectionKey[] = [];
  for (const job of jobs.values()) {
    const stop = stops.find((candidate) => candidate.jobId === job.id);
    if (job.state !== 'running' && job.state !== 'paused') continue;
    freed.push(...(await stopIfDue(run, job, stop?.reason)));
    if (inBatch.has(job.id)) await openNextBatch(run, job);
  }
  return {
    slots: jobSlotsOf(jobs),
    companions,
    freed,
    finish: (finishRun, starts) => finishJobs(finishRun, { jobs, touched, starts }),
  };
}

function countBearings(jobs: LockedJobs, { refuted = [], borne = [] }: JobBearings): void {
  for (const job of refuted.map((jobId) => jobs.get(jobId))) if (job) job.refuted += 1;
  for (const job of borne.map((jobId) => jobs.get(jobId))) if (job) job.maxErrors += 1;
}

/** Whether a change of the open batch has ended, or begins anew. */
function countInBatch(
  job: LockedJob,
  seq: number,
  { from, to }: { from: ChangeState; to: ChangeState },
): boolean {
  if (job.openUntil === null || seq >= job.openUntil) return false;
  const more = Number(isFinalChange(from)) - Number(isFinalChange(to));
  job.openLeft += more;
  return more !== 0;
}

/** Before anything starts: what a new batch holds may take the slots of the one that has ended. */
async function openNextBatch(run: Query, job: LockedJob): Promise<void> {
  if (job.openUntil === null || job.openLeft > 0 || job.stopping) return;
  const { isPaused, ...batches } = await openBatches(run, job.id, { ...job, isResumed: false });
  Object.assign(job, batches);
  if (isPaused && job.state === 'running') job.state = 'paused';
}

/** Cancels what waits of a job that stops. It goes on stopping: what comes back to its queue later is cancelled then. */
async function stopIfDue(
  run: Query,
  job: LockedJob,
  reason: string | undefined,
): Promise<readonly ConnectionKey[]> {
  job.stopping ||= reason !== undefined || mustStop(job.counts, job);
  job.reason ??= reason ?? null;
  if (!job.stopping || job.counts.queued + job.counts.delivering === 0) return [];
  const { isWindowClosed, notAfter } = job;
  const error = isWindowClosed && notAfter !== null ? windowClosed(notAfter) : undefined;
  const cancelled = await cancelWaiting(run, job.id, { error });
  if (cancelled.length > 0) job.reason ??= 'stopped: more changes failed than the plan allows';
  job.counts = countCancelled(job.counts, cancelled);
  return cancelled;
}

function slotsOf(job: LockedJob): number {
  return job.state !== 'running' || job.stopping ? 0 : freeOf(job);
}

function freeOf(job: LockedJob): number {
  return Math.max(0, slotLimitOf(job.counts, job) - inFlightOf(job.counts));
}

function jobSlotsOf(jobs: LockedJobs): JobSlots {
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

function update(jobs: LockedJobs, jobId: string, counted: (job: LockedJob) => ChangeCounts): void {
  const job = jobs.get(jobId);
  if (job) job.counts = counted(job);
}

/** Jobs of a transaction by their ids, as they are once locked. */
export type LockedJobs = ReadonlyMap<string, LockedJob>;

/** Locks jobs in the order of their ids: these, and all that have changes on these lanes. */
export async function lockJobs(
  run: Query,
  ids: readonly string[],
  laneKeys: readonly string[],
): Promise<LockedJobs> {
  if (ids.length === 0 && laneKeys.length === 0) return new Map();
  const rows = await run(
    `SELECT j.id, j.state, j.stopping, j.on_failure AS "onFailure", j.max_errors AS "maxErrors",
            j.max_in_flight AS "maxInFlight", j.reason, ${isSlowStart} AS "isSlowStart",
            j.not_after AS "notAfter", j.window_closed AS "isWindowClosed", j.refuted, ${batchColumns}, ${companionColumns},
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
    jobs: LockedJobs;
    touched: ReadonlySet<string>;
    starts: readonly Start[];
  },
): Promise<readonly string[]> {
  const { jobs, starts } = input;
  for (const { jobId, ...move } of starts) {
    update(jobs, jobId, (job) => countMove(job.counts, move));
  }
  const startsOf = new Set(starts.map(({ jobId }) => jobId));
  const touched = [...jobs.values()].filter(
    (job) => input.touched.has(job.id) || startsOf.has(job.id),
  );
  const ended = touched.flatMap((job) => {
    // What is told of a job later does not end it again.
    const end = isFinalJob(job.state) ? null : endOf(job.counts, job);
    if (end !== null) job.state = end;
    return end === null ? [] : [job.id];
  });
  const writes = [
    touched.length > 0 && writeJobs(run, touched, ended),
    ended.length > 0 && run('DELETE FROM lanekeeper.lane_job WHERE job_id = ANY ($1)', [ended]),
    ended.length > 0 && tendJobs(run, ended),
  ];
  // Every job that was locked is served, not only those with a change that ended: a lane that was woken for a slot and did
  // not use it passes it on.
  const slots = [...jobs.values()].map((job) => ({ id: job.id, slots: slotsOf(job) }));
  const unparked = unparkLanes(run, slots);
  await Promise.all([...writes, unparked]);
  return unparked;
}

async function writeJobs(
  run: Query,
  jobs: readonly LockedJob[],
  ended: readonly string[],
): Promise<void> {
  const columns = changeStates.map((state) => `${state} = (r.counts->>'${state}')::int`).join(', ');
  const rows = jobs.map((job) => {
    const { id, state, stopping, reason, counts, openLeft, refuted, maxErrors } = job;
    const slotLimit = job.isSlowStart ? slotLimitOf(counts, job) : null;
    return { id, state, stopping, reason, counts, openLeft, refuted, maxErrors, slotLimit };
  });
  await run(
    `UPDATE lanekeeper.job j
        SET state = r.state, stopping = r.stopping, reason = r.reason, open_left = r."openLeft",
            refuted = r.refuted, max_errors = r."maxErrors", slot_limit = r."slotLimit", ${columns},
            pause_reason = CASE WHEN j.id = ANY ($2) THEN NULL ELSE j.pause_reason END,
            finished_at = CASE WHEN j.id = ANY ($2) THEN lanekeeper.now() ELSE j.finished_at END
       FROM jsonb_to_recordset($1::jsonb) AS r(
            id text, state text, stopping boolean, reason text, counts jsonb, "openLeft" int, refuted int,
            "maxErrors" int, "slotLimit" int)
      WHERE j.id = r.id`,
    [JSON.stringify(rows), ended],
  );
}
