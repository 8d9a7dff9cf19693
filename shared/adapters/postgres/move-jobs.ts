import { z } from 'zod';
import { type ChangeState, changeStates } from '../../change/state.ts';
import { countMove, endOf, inFlightOf, mustStop } from '../../job/outcome.ts';
import type { ChangeCounts } from '../../job/record.ts';
import { type JobState, jobStates } from '../../job/state.ts';
import type { FreeSlots } from '../../lane/assign-slots.ts';
import { cancelWaiting } from './cancel-waiting.ts';
import type { Query } from './database.ts';

/** A change of a job went from one state to another. */
export interface Move {
  jobId: string;
  from: ChangeState;
  to: ChangeState;
}

const LockedRow = z.object({
  id: z.string(),
  state: z.enum(jobStates),
  onFailure: z.enum(['stop', 'continue']),
  maxErrors: z.number(),
  maxInFlight: z.number(),
  counts: z.record(z.enum(changeStates), z.number()),
  reason: z.string().nullable(),
});

interface LockedJob extends z.infer<typeof LockedRow> {
  counts: ChangeCounts;
  state: JobState;
}

/** The jobs of a transaction, locked, with their counts brought up to date. */
export interface MovedJobs {
  freeSlots: FreeSlots;
  /** Lanes elsewhere that have something to start now. */
  roused: readonly string[];
  /** Counts the starts, ends jobs whose last change became final, and writes all back. */
  finish(run: Query, startsOf: readonly string[]): Promise<void>;
}

/**
 * Locks the jobs concerned in the order of their ids, counts the moves, and lets the failure policy act: a job that must
 * stop has its waiting changes cancelled here and now, under its lock, before anything more of it can start.
 */
export async function moveJobs(
  run: Query,
  input: {
    moves: readonly Move[];
    alsoLock: readonly string[];
    stops: readonly { jobId: string; reason: string }[];
  },
): Promise<MovedJobs> {
  const ids = [...new Set([...input.moves.map((move) => move.jobId), ...input.alsoLock])].sort();
  const jobs = await lockJobs(run, ids);
  for (const { jobId, ...move } of input.moves)
    update(jobs, jobId, (job) => countMove(job.counts, move));
  const roused: string[] = [];
  for (const job of jobs.values()) {
    const stop = input.stops.find((candidate) => candidate.jobId === job.id);
    if (
      job.state !== 'running' ||
      !(stop || mustStop(job.counts, job)) ||
      job.counts.queued === 0
    ) {
      continue;
    }
    const cancelled = await cancelWaiting(run, job.id);
    job.reason = stop?.reason ?? 'stopped: more changes failed than the plan allows';
    job.counts = countMove(job.counts, {
      from: 'queued',
      to: 'cancelled',
      howMany: cancelled.count,
    });
    roused.push(...cancelled.roused);
  }
  const moved = new Set(input.moves.map((move) => move.jobId));
  return {
    freeSlots: new Map([...jobs.values()].map((job) => [job.id, slotsOf(job)])),
    roused,
    finish: (finishRun, startsOf) => finishJobs(finishRun, { jobs, moved, startsOf }),
  };
}

function slotsOf(job: LockedJob): number {
  return job.state === 'running' ? Math.max(0, job.maxInFlight - inFlightOf(job.counts)) : 0;
}

function update(
  jobs: ReadonlyMap<string, LockedJob>,
  jobId: string,
  counted: (job: LockedJob) => ChangeCounts,
): void {
  const job = jobs.get(jobId);
  if (job) job.counts = counted(job);
}

async function lockJobs(run: Query, ids: readonly string[]): Promise<Map<string, LockedJob>> {
  if (ids.length === 0) return new Map();
  const rows = await run(
    `SELECT j.id, j.state, j.on_failure AS "onFailure", j.max_errors AS "maxErrors", j.max_in_flight AS "maxInFlight",
            j.reason, json_build_object(${changeStates.map((s) => `'${s}', j.${s}`).join(', ')}) AS counts
       FROM lanekeeper.job j WHERE j.id = ANY ($1) ORDER BY j.id FOR UPDATE`,
    [ids],
  );
  return new Map(rows.map((row) => LockedRow.parse(row)).map((job) => [job.id, job]));
}

async function finishJobs(
  run: Query,
  input: {
    jobs: ReadonlyMap<string, LockedJob>;
    moved: ReadonlySet<string>;
    startsOf: readonly string[];
  },
): Promise<void> {
  const { jobs, moved, startsOf } = input;
  for (const jobId of startsOf) {
    update(jobs, jobId, (job) => countMove(job.counts, { from: 'queued', to: 'applying' }));
  }
  const touched = [...jobs.values()].filter(
    (job) => moved.has(job.id) || startsOf.includes(job.id),
  );
  if (touched.length === 0) return;
  const ended = touched.flatMap((job) => {
    const end = endOf(job.counts);
    if (end !== null) job.state = end;
    return end === null ? [] : [job.id];
  });
  await writeJobs(run, touched, ended);
  if (ended.length > 0)
    await run('DELETE FROM lanekeeper.lane_job WHERE job_id = ANY ($1)', [ended]);
  for (const job of touched) {
    if (moved.has(job.id) && slotsOf(job) > 0) await wakeParked(run, job.id, slotsOf(job));
  }
}

async function writeJobs(
  run: Query,
  jobs: readonly LockedJob[],
  ended: readonly string[],
): Promise<void> {
  const columns = changeStates.map((state) => `${state} = (r.counts->>'${state}')::int`).join(', ');
  await run(
    `UPDATE lanekeeper.job j
        SET state = r.state, reason = r.reason, ${columns},
            finished_at = CASE WHEN j.id = ANY ($2) THEN lanekeeper.now() ELSE j.finished_at END
       FROM jsonb_to_recordset($1::jsonb) AS r(id text, state text, reason text, counts jsonb) WHERE j.id = r.id`,
    [
      JSON.stringify(jobs.map(({ id, state, reason, counts }) => ({ id, state, reason, counts }))),
      ended,
    ],
  );
}

/**
 * Wakes lanes that idle for want of a slot of this job. A lane that somebody holds is skipped: whoever holds it waits for
 * the job's lock, which we have, and will see the freed slot.
 */
async function wakeParked(run: Query, jobId: string, howMany: number): Promise<void> {
  await run(
    `WITH p AS (
       SELECT lj.lane_key FROM lanekeeper.lane_job lj JOIN lanekeeper.lane l ON l.lane_key = lj.lane_key
        WHERE lj.job_id = $1 AND lj.parked ORDER BY lj.priority DESC, lj.lane_key LIMIT $2
          FOR UPDATE OF l SKIP LOCKED),
     freed AS (UPDATE lanekeeper.lane_job lj SET parked = false FROM p WHERE lj.job_id = $1 AND lj.lane_key = p.lane_key)
     UPDATE lanekeeper.lane l SET due_at = coalesce(l.due_at, lanekeeper.now())
      WHERE l.lane_key = ANY (ARRAY(SELECT lane_key FROM p))`,
    [jobId, howMany],
  );
}
