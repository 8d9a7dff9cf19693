import { z } from 'zod';
import { changeStates } from '../../change/state.ts';
import {
  effectOf,
  type JobVerbs,
  type Order,
  type Verb,
  type VerbOutcome,
} from '../../job/job-verbs.ts';
import { countMove, endOf, inFlightOf } from '../../job/outcome.ts';
import { jobStates } from '../../job/state.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import { callForSeals } from './call-for-seals.ts';
import { cancelWaiting } from './cancel-waiting.ts';
import type { Database, Query } from './database.ts';
import { readyNext } from './ready-next.ts';
import { wakeLanes } from './record-updates.ts';
import { countsColumn, JobRow, jobColumns } from './rows.ts';
import { unparkLanes } from './unpark-lanes.ts';

const SteeredRow = z.object({
  state: z.enum(jobStates),
  isPaused: z.boolean(),
  isStopping: z.boolean(),
  maxInFlight: z.number(),
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
            j.max_in_flight AS "maxInFlight",
            ${countsColumn}
       FROM lanekeeper.job j WHERE j.id = $1 FOR UPDATE`,
    [jobId],
  );
  if (row === undefined) return { outcome: { kind: 'not_found' }, wake: [] };
  const job = SteeredRow.parse(row);
  const effect = effectOf(verb, job);
  if (effect === 'conflict') return { outcome: { kind: 'conflict', state: job.state }, wake: [] };
  const wake = effect === 'apply' ? await apply[verb](run, jobId, job, order) : [];
  if (effect === 'apply') await writeDown(run, jobId, verb, order);
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
  return unparkLanes(run, [{ id: jobId, slots: job.maxInFlight - inFlightOf(job.counts) }]);
}

/** What waits ends here and now; the rest of the job ends with what is in flight. */
async function cancel(
  run: Query,
  jobId: string,
  job: Steered,
  order: Order,
): Promise<readonly string[]> {
  const freed = await cancelWaiting(run, jobId, order);
  const howMany = freed.length;
  const counts = countMove(job.counts, { from: 'queued', to: 'cancelled', howMany });
  const end = endOf(counts);
  await run(
    `UPDATE lanekeeper.job j
        SET stopping = true, pause_reason = NULL, reason = $2, queued = queued - $3, cancelled = cancelled + $3,
            state = coalesce($4, CASE WHEN state = 'paused' THEN 'running' ELSE state END),
            finished_at = CASE WHEN $4::text IS NOT NULL THEN lanekeeper.now() END,
            total = coalesce(total, (SELECT count(*) FROM lanekeeper.change c WHERE c.job_id = j.id))
      WHERE j.id = $1`,
    [jobId, `cancelled by ${order.actor}: ${order.reason}`, howMany, end],
  );
  await run(
    'UPDATE lanekeeper.job_region SET resolved_at = lanekeeper.now() WHERE job_id = $1 AND resolved_at IS NULL',
    [jobId],
  );
  await callForSeals(run, [jobId]);
  return readyNext(run, freed);
}

/** The order as an event of the job's own chain. */
async function writeDown(run: Query, jobId: string, verb: Verb, order: Order): Promise<void> {
  const kinds: Readonly<Record<Verb, string>> = {
    pause: 'paused',
    resume: 'resumed',
    cancel: 'cancelled',
  };
  await run(
    `WITH j AS (UPDATE lanekeeper.job SET events = events + 1 WHERE id = $1 RETURNING id, events)
     INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
     SELECT j.id, j.events, j.id, lanekeeper.now(), $2, $3::json FROM j`,
    [jobId, kinds[verb], canonicalJson({ ...order })],
  );
}
