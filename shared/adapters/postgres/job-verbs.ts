import { z } from 'zod';
import { changeStates } from '../../change/state.ts';
import {
  effectOf,
  type JobVerbs,
  type Order,
  type Verb,
  type VerbOutcome,
} from '../../job/job-verbs.ts';
import { inFlightOf, slotLimitOf } from '../../job/outcome.ts';
import { jobStates } from '../../job/state.ts';
import type { Database, Query } from './database.ts';
import { isSlowStart } from './move-jobs.ts';
import { BatchesRow, batchColumns, openBatches } from './open-batches.ts';
import { countsColumn, JobRow, jobColumns } from './rows.ts';
import { noteOnJob, stopJob } from './stop-job.ts';
import { unparkLanes } from './unpark-lanes.ts';
import { wakeLanes } from './write-lanes.ts';

const SteeredRow = BatchesRow.extend({
  state: z.enum(jobStates),
  isPaused: z.boolean(),
  isStopping: z.boolean(),
  maxInFlight: z.number(),
  isSlowStart: z.boolean(),
  counts: z.record(z.enum(changeStates), z.number()),
});
type Steered = z.infer<typeof SteeredRow>;

/** What an order did: how the job stands, and lanes that have work now and must be woken after the commit. */
interface Ordered {
  outcome: VerbOutcome;
  wake: readonly string[];
}

/**
 * Verbs on PostgreSQL. A verb takes the job's lock, without which nothing of the job can start or end; a worker in the middle
 * of a step comes before it or after it.
 */
export function createPgJobVerbs(database: Database): JobVerbs {
  return {
    async order(jobId, verb, order) {
      const { outcome, wake } = await database.transaction((run) =>
        carryOut(run, jobId, verb, order),
      );
      if (wake.length > 0) await wakeLanes(database.query, wake);
      return outcome;
    },
  };
}

async function carryOut(run: Query, jobId: string, verb: Verb, order: Order): Promise<Ordered> {
  const [row] = await run(
    `SELECT j.state, j.pause_reason IS NOT NULL AS "isPaused", j.stopping AS "isStopping",
            j.max_in_flight AS "maxInFlight", ${isSlowStart} AS "isSlowStart", ${batchColumns}, ${countsColumn}
       FROM lanekeeper.job j WHERE j.id = $1 FOR UPDATE`,
    [jobId],
  );
  if (row === undefined) return { outcome: { kind: 'not_found' }, wake: [] };
  const job = SteeredRow.parse(row);
  const effect = effectOf(verb, job);
  if (effect === 'conflict') return { outcome: { kind: 'conflict', state: job.state }, wake: [] };
  // Told before what follows from it: a resumed job may open a batch.
  if (effect === 'apply') await noteOnJob(run, jobId, eventOf[verb], { ...order });
  const wake = effect === 'apply' ? await apply[verb](run, jobId, job, order) : [];
  const [after] = await run(`SELECT ${jobColumns} FROM lanekeeper.job j WHERE j.id = $1`, [jobId]);
  return { outcome: { kind: 'done', job: JobRow.parse(after) }, wake };
}

type Apply = (run: Query, jobId: string, job: Steered, order: Order) => Promise<readonly string[]>;

const apply: Readonly<Record<Verb, Apply>> = { pause, resume, cancel };

async function pause(run: Query, jobId: string, _: Steered, order: Order): Promise<readonly []> {
  await run(
    `UPDATE lanekeeper.job
        SET pause_reason = $2, state = CASE WHEN state = 'running' THEN 'paused' ELSE state END WHERE id = $1`,
    [jobId, `paused by ${order.actor}: ${order.reason}`],
  );
  return [];
}

async function resume(run: Query, jobId: string, job: Steered): Promise<readonly string[]> {
  await run(
    `UPDATE lanekeeper.job
        SET pause_reason = NULL, state = CASE WHEN state = 'paused' THEN 'running' ELSE state END WHERE id = $1`,
    [jobId],
  );
  if (job.state !== 'paused') return [];
  const { isPaused } = await openBatches(run, jobId, { ...job, isResumed: true });
  const slots = slotLimitOf(job.counts, job) - inFlightOf(job.counts);
  return unparkLanes(run, isPaused ? [] : [{ id: jobId, slots }]);
}

function cancel(run: Query, jobId: string, _: Steered, order: Order): Promise<readonly string[]> {
  return stopJob(run, jobId, { reason: `cancelled by ${order.actor}: ${order.reason}`, order });
}

const eventOf: Readonly<Record<Verb, string>> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};
