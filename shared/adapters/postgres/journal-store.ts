import { z } from 'zod';
import { changeStates } from '../../change/state.ts';
import { jobStates } from '../../job/state.ts';
import { ChainedEvent } from '../../journal/chain.ts';
import {
  type EndedJob,
  type JournalStore,
  ordersSeq,
  type PlacedEvent,
  type SealedJournal,
} from '../../journal/journal-store.ts';
import { SignedSeal } from '../../journal/seal.ts';
import { Verification } from '../../journal/verification.ts';
import { failureReactions, redundancies } from '../../plan/rollout.ts';
import type { Database, Query } from './database.ts';
import { BigInteger, countsColumn, Timestamp } from './rows.ts';
import { tendJobs } from './tend-jobs.ts';

const PlacedRow = ChainedEvent.extend({ at: Timestamp, seq: z.number() }).transform(
  ({ seq, ...event }): PlacedEvent => ({ place: { seq, number: event.number }, event }),
);
const NeighbourRow = ChainedEvent.extend({ at: Timestamp });
const SealedRow = SignedSeal.extend({ verification: Verification });
const EndedRow = z.object({
  id: z.string(),
  state: z.enum(jobStates),
  finishedAt: Timestamp,
  planDigest: z.string().nullable(),
  counts: z.record(z.enum(changeStates), z.number()),
  rules: z.object({
    concurrency: z.number(),
    maxErrors: z.number(),
    onFailure: z.enum(failureReactions),
    batches: z.array(z.number()).optional(),
    slowStart: z.boolean().optional(),
    notBefore: Timestamp.optional(),
    notAfter: Timestamp.optional(),
    approval: z.object({ required: z.number(), submitter: z.string() }).optional(),
    redundancy: z.enum(redundancies),
  }),
  countedEvents: BigInteger,
  readAt: Timestamp,
}) satisfies z.ZodType<EndedJob>;

const eventColumns = `
  e.change_id AS "changeId", e.number, e.at, e.kind, e.data, encode(e.hash, 'hex') AS hash`;

/** The chains of a job by their place in it: what was ordered comes before all changes. */
const chainsOfJob = `
  SELECT $1::text AS id, ${ordersSeq} AS seq UNION ALL SELECT id, seq FROM lanekeeper.change WHERE job_id = $1`;

/** The journal on PostgreSQL, embedded or served. */
export function createPgJournalStore(database: Database): JournalStore {
  const { query } = database;
  return {
    async readEvents({ jobId, after, limit }) {
      const rows = await query(
        // Change by change from where the page begins: a join would sort all that is left for every page.
        `SELECT c.seq, ${eventColumns}
           FROM (SELECT id, seq FROM (${chainsOfJob}) AS own WHERE seq >= $2 ORDER BY seq OFFSET 0) AS c
          CROSS JOIN LATERAL (
            SELECT * FROM lanekeeper.journal j
             WHERE j.change_id = c.id AND (c.seq > $2 OR j.number > $3) ORDER BY j.number OFFSET 0) AS e
          ORDER BY c.seq, e.number LIMIT $4`,
        [jobId, after?.seq ?? ordersSeq, after?.number ?? 0, limit],
      );
      return rows.map((row) => PlacedRow.parse(row));
    },
    async readNeighbours({ jobId, after, limit }) {
      const rows = await query(
        `SELECT ${eventColumns} FROM (${neighbours}) AS c JOIN lanekeeper.journal e ON e.change_id = c.id
          WHERE (e.change_id, e.number) > ($2, $3) ORDER BY e.change_id, e.number LIMIT $4`,
        [jobId, after?.changeId ?? '', after?.number ?? 0, limit],
      );
      return rows.map((row) => NeighbourRow.parse(row));
    },
    async getEnded(jobId) {
      const [row] = await query(
        `SELECT j.id, j.state, j.finished_at AS "finishedAt", j.plan_digest AS "planDigest",
                ${countsColumn},
                json_strip_nulls(json_build_object(
                  'concurrency', j.max_in_flight, 'maxErrors', j.max_errors, 'onFailure', j.on_failure,
                  'redundancy', j.redundancy,
                  'batches', CASE WHEN cardinality(j.batches) > 1 THEN to_json(j.batches) END,
                  'slowStart', CASE WHEN j.slow_start THEN true END,
                  'notBefore', j.not_before, 'notAfter', j.not_after,
                  'approval', CASE WHEN j.approvals_required > 0 THEN json_build_object(
                    'required', j.approvals_required, 'submitter', j.created_by) END)) AS rules,
                j.events + (SELECT coalesce(sum(c.events), 0) FROM lanekeeper.change c WHERE c.job_id = j.id) AS "countedEvents",
                lanekeeper.now() AS "readAt"
           FROM lanekeeper.job j WHERE j.id = $1 AND j.finished_at IS NOT NULL`,
        [jobId],
      );
      return row ? EndedRow.parse(row) : null;
    },
    async getSealed(jobId) {
      const [row] = await query(
        'SELECT seal, signature, verification FROM lanekeeper.seal WHERE job_id = $1',
        [jobId],
      );
      return row ? SealedRow.parse(row) : null;
    },
    saveSealed: (lease, jobId, sealed) =>
      database.transaction(async (run) => {
        const given = await run(
          'DELETE FROM lanekeeper.lane WHERE lane_key = $1 AND epoch = $2 RETURNING lane_key',
          [lease.laneKey, lease.epoch],
        );
        if (given.length === 0) return false;
        if (await hasMore(run, jobId, sealed.countedEvents)) return false;
        await writeSeal(run, jobId, sealed);
        return true;
      }),
  };
}

/** Changes of other jobs that were at work on lanes of this one while it ran: found by the jobs that ran then. */
const neighbours = `
  SELECT c.id
    FROM lanekeeper.job j
    JOIN lanekeeper.job o ON o.id <> j.id AND o.started_at <= j.finished_at
     AND (o.finished_at IS NULL OR o.finished_at >= j.started_at)
    JOIN lanekeeper.change c ON c.job_id = o.id AND c.started_at <= j.finished_at
     AND (c.finished_at IS NULL OR c.finished_at >= j.started_at)
   WHERE j.id = $1 AND c.lane_key IN (SELECT m.lane_key FROM lanekeeper.change m WHERE m.job_id = j.id)`;

/**
 * Whether something was told since the events were read that are to be sealed: then it is all to be sealed again. Under the job's
 * lock, which whoever tells something of a job that has ended holds.
 */
async function hasMore(run: Query, jobId: string, countedEvents: number): Promise<boolean> {
  await run('SELECT 1 FROM lanekeeper.job WHERE id = $1 FOR UPDATE', [jobId]);
  const more = await run(
    `SELECT 1 FROM lanekeeper.job j WHERE j.id = $1 AND $2 < j.events + (
            SELECT coalesce(sum(c.events), 0) FROM lanekeeper.change c WHERE c.job_id = j.id)`,
    [jobId, countedEvents],
  );
  if (more.length === 0) return false;
  await tendJobs(run, [jobId]);
  return true;
}

/** A later seal replaces an earlier one: what a change left to be done is told after its job's end, and sealed with all the rest. */
async function writeSeal(run: Query, jobId: string, sealed: SealedJournal): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.seal (job_id, seal, signature, verification) VALUES ($1, $2::json, $3, $4::json)
     ON CONFLICT (job_id) DO UPDATE
        SET seal = excluded.seal, signature = excluded.signature, verification = excluded.verification`,
    [jobId, JSON.stringify(sealed.seal), sealed.signature, JSON.stringify(sealed.verification)],
  );
}
