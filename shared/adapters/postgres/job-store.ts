import { z } from 'zod';
import { eventKinds } from '../../change/record.ts';
import type { AcceptOutcome, ChangeView, JobStore, StoredEvent } from '../../job/job-store.ts';
import type { NewJob } from '../../job/record.ts';
import { AppError } from '../../platform/errors.ts';
import { yieldsTo } from './companions.ts';
import type { Database, Query } from './database.ts';
import { holdsChange } from './freeze-store.ts';
import {
  readSettings,
  settingColumns,
  settingsJson,
  settingsRecord,
  settingValues,
} from './job-settings.ts';
import { QueuePlaceRow, queuePlace } from './queue-place.ts';
import { BigInteger, ChangeRow, changeColumns, JobRow, jobColumns, Timestamp } from './rows.ts';
import { noteOnJob } from './stop-job.ts';
import { readRestored, readRetried } from './stored-plan.ts';

const ChangeViewRow = ChangeRow.extend({
  laneChangeId: z.string().nullable(),
  laneJobId: z.string().nullable(),
  pauseReason: z.string().nullable(),
  companion: z
    .object({
      id: z.string(),
      jobId: z.string(),
      vpnConnectionId: z.string(),
    })
    .nullable(),
  freeze: z.object({ name: z.string(), reason: z.string(), until: Timestamp }).nullable(),
  queue: QueuePlaceRow,
  laneDueInMs: z.coerce.number().nullable(),
}).transform(({ laneChangeId, laneJobId, laneDueInMs, ...change }): ChangeView => {
  const another = laneChangeId !== null && laneChangeId !== change.id && laneJobId !== null;
  return {
    ...change,
    laneChange: another ? { id: laneChangeId, jobId: laneJobId } : null,
    laneDueInMs: laneDueInMs !== null && laneDueInMs > 0 ? laneDueInMs : null,
  };
});

const EventRow = z.object({
  number: z.number(),
  at: Timestamp,
  kind: z.enum(eventKinds),
  data: z.record(z.string(), z.unknown()),
}) satisfies z.ZodType<StoredEvent>;

const changeViews = `
  SELECT ${changeColumns}, l.change_id AS "laneChangeId", o.job_id AS "laneJobId", j.pause_reason AS "pauseReason", z.freeze,
         x.companion,
         ${queuePlace},
         CASE WHEN l.worker IS NULL THEN extract(epoch FROM l.due_at - lanekeeper.now()) * 1000 END AS "laneDueInMs"
    FROM lanekeeper.change c
    JOIN lanekeeper.job j ON j.id = c.job_id
    LEFT JOIN lanekeeper.lane l ON l.lane_key = c.lane_key AND c.finished_at IS NULL
    LEFT JOIN lanekeeper.change o ON o.id = l.change_id
    LEFT JOIN LATERAL (
      SELECT json_build_object('name', f.name, 'reason', f.reason, 'until', f.until) AS freeze FROM lanekeeper.freeze f
       WHERE c.state = 'queued' AND ${holdsChange}
       ORDER BY f.until DESC, f.name LIMIT 1) AS z ON true
    LEFT JOIN LATERAL (
      SELECT json_build_object('id', f.id, 'jobId', f.job_id, 'vpnConnectionId', f.vpn_connection_id) AS companion
        FROM lanekeeper.change f WHERE c.state = 'queued' AND c.released AND ${yieldsTo} ORDER BY f.id LIMIT 1) AS x ON true`;

/** The job store on PostgreSQL, embedded or served. */
export function createPgJobStore(database: Database): JobStore {
  const { query } = database;
  return {
    accept: (job) => database.transaction((run) => acceptJob(run, job)),
    acceptedBefore: (asked) => jobOfKey(query, asked),
    async get(jobId) {
      const rows = await query(`SELECT ${jobColumns} FROM lanekeeper.job j WHERE j.id = $1`, [
        jobId,
      ]);
      return rows[0] ? JobRow.parse(rows[0]) : null;
    },
    settings: (jobId) => readSettings(query, jobId),
    retryable: (jobId) => readRetried(query, jobId),
    restorable: (jobId, changeId) => readRestored(query, jobId, changeId),
    async list({ states, limit, before }) {
      const rows = await query(
        `SELECT ${jobColumns} FROM lanekeeper.job j
          WHERE ($1::text[] IS NULL OR j.state = ANY ($1)) AND ($2::bigint IS NULL OR j.position < $2)
          ORDER BY j.position DESC LIMIT $3`,
        [states, before, limit],
      );
      return rows.map((row) => JobRow.parse(row));
    },
    async listChanges({ jobId, states, limit, after }) {
      const rows = await query(
        `${changeViews} WHERE c.job_id = $1 AND c.seq > $2 AND ($3::text[] IS NULL OR c.state = ANY ($3))
          ORDER BY c.seq LIMIT $4`,
        [jobId, after ?? -1, states, limit],
      );
      return rows.map((row) => ChangeViewRow.parse(row));
    },
    getChange: (jobId, changeId) => changeViewOf(query, { jobId, changeId }),
    async listEvents(changeId) {
      const rows = await query(
        `SELECT number, at, kind, data FROM lanekeeper.journal WHERE change_id = $1 ORDER BY number`,
        [changeId],
      );
      return rows.map((row) => EventRow.parse(row));
    },
    async ping() {
      await query('SELECT 1 FROM lanekeeper.job LIMIT 0');
    },
  };
}

/** A change of that job as readers see it. */
export async function changeViewOf(
  query: Query,
  { jobId, changeId }: { jobId: string; changeId: string },
): Promise<ChangeView | null> {
  const rows = await query(`${changeViews} WHERE c.id = $1 AND c.job_id = $2`, [changeId, jobId]);
  return rows[0] ? ChangeViewRow.parse(rows[0]) : null;
}

/** Stores a job with all its changes in the given transaction, or finds the one that its key names. */
export async function acceptJob(run: Query, job: NewJob): Promise<AcceptOutcome> {
  const repeated = await claimIdempotencyKey(run, job);
  if (repeated) return repeated;
  const position = await insertJob(run, job);
  await run(
    `INSERT INTO lanekeeper.intent
       (job_id, number, fields, sealed_keys, key_digests, accept_outage, rotate_psk, tunnel_proof, expected)
     SELECT $1, i.number, i.fields, i."sealedKeys", i."keyDigests", i."acceptOutage", i."rotatePsk", i."tunnelProof",
            i.expected
       FROM jsonb_to_recordset($2::jsonb) AS i(
            number int, fields jsonb, "sealedKeys" jsonb, "keyDigests" jsonb, "acceptOutage" boolean, "rotatePsk" int,
            "tunnelProof" text, expected jsonb)`,
    [job.id, JSON.stringify(job.intents)],
  );
  await run(
    `INSERT INTO lanekeeper.change (id, job_id, seq, position, region_id, vpn_connection_id, intent_number)
     SELECT t.id, $1, t.seq, $2, t.region_id, t.vpn_connection_id, t.intent_number
       FROM unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::int[])
            AS t(id, seq, region_id, vpn_connection_id, intent_number)`,
    [
      job.id,
      position,
      job.changes.map((change) => change.id),
      job.changes.map((change) => change.seq),
      job.changes.map((change) => change.regionId),
      job.changes.map((change) => change.vpnConnectionId),
      job.changes.map((change) => change.intentNumber),
    ],
  );
  await insertSelectors(run, job);
  const came = job.retryOf ?? job.rollbackOf;
  if (came !== null) {
    const { jobId: of, ...order } = came;
    await noteOnJob(run, job.id, job.retryOf ? 'retries' : 'rolls_back', { of, ...order });
  }
  await enterRegions(run, job, position);
  return { kind: 'created', jobId: job.id };
}

/** Null when the job is new; the insert makes a second caller with the same key wait for the first one's end. */
async function claimIdempotencyKey(run: Query, job: NewJob): Promise<AcceptOutcome | null> {
  if (!job.idempotency) return null;
  const { key, planHash } = job.idempotency;
  const claimed = await run(
    `INSERT INTO lanekeeper.idempotency_key AS k (actor, key, plan_hash, job_id, created_at)
     VALUES ($1, $2, $3, $4, lanekeeper.now())
     ON CONFLICT (actor, key) DO UPDATE
        SET plan_hash = excluded.plan_hash, job_id = excluded.job_id, created_at = excluded.created_at
      WHERE k.created_at < lanekeeper.now() - interval '7 days'
     RETURNING k.job_id`,
    [job.createdBy, key, planHash, job.id],
  );
  return claimed.length > 0 ? null : jobOfKey(run, job);
}

const KeyRow = z.object({ planHash: z.string(), jobId: z.string() });

/** What the idempotency key of a job stands for already; null when it has none or the key is free. */
export async function jobOfKey(
  run: Query,
  { createdBy, idempotency }: Pick<NewJob, 'createdBy' | 'idempotency'>,
): Promise<Exclude<AcceptOutcome, { kind: 'created' }> | null> {
  if (!idempotency) return null;
  const [row] = await run(
    `SELECT plan_hash AS "planHash", job_id AS "jobId" FROM lanekeeper.idempotency_key
      WHERE actor = $1 AND key = $2 AND created_at >= lanekeeper.now() - interval '7 days'`,
    [createdBy, idempotency.key],
  );
  if (!row) return null;
  const { planHash, jobId } = KeyRow.parse(row);
  return planHash === idempotency.planHash ? { kind: 'repeated', jobId } : { kind: 'key_reused' };
}

async function insertJob(run: Query, job: NewJob): Promise<number> {
  const [row] = await run(
    `INSERT INTO lanekeeper.job
       (id, title, state, created_at, created_by, plan, on_failure, max_errors, max_in_flight, queued, total, rollout,
        schedule_name, planned_at, min_age, traceparent, retry_of, rollback_of, ${settingColumns})
     SELECT $1, $2, 'resolving', lanekeeper.now(), $3, $4::jsonb, $5, $6, $7, $8, $9, $10::jsonb, $11,
            $12::timestamptz, $13, $14, $15, $16, ${settingValues}
       FROM jsonb_to_record($17::jsonb) AS s${settingsRecord}
     RETURNING position`,
    [
      job.id,
      job.title,
      job.createdBy,
      JSON.stringify(job.plan),
      job.failurePolicy.onFailure,
      job.failurePolicy.maxErrors,
      job.maxInFlight,
      job.changes.length,
      job.selection ? null : job.changes.length,
      job.selection && JSON.stringify(job.selection.rollout),
      job.schedule?.name ?? null,
      job.schedule?.plannedAt ?? null,
      job.schedule?.minAge ?? null,
      job.traceparent,
      job.retryOf?.jobId ?? null,
      job.rollbackOf?.jobId ?? null,
      settingsJson(job.settings),
    ],
  );
  if (!row) throw new AppError('internal', 'the job was not stored');
  return BigInteger.parse(row.position);
}

async function insertSelectors(run: Query, job: NewJob): Promise<void> {
  if (!job.selection) return;
  await run(
    `INSERT INTO lanekeeper.job_selector (job_id, place, region_id, intent_number, criteria)
     SELECT $1, s.place, s."regionId", s."intentNumber", s."select"
       FROM jsonb_to_recordset($2::jsonb) AS s(place int, "regionId" text, "intentNumber" int, "select" jsonb)`,
    [job.id, JSON.stringify(job.selection.selectors)],
  );
}

/** Queues the job for resolving in each of its regions and makes the regions' lanes due, unless a worker is at it. */
async function enterRegions(run: Query, job: NewJob, position: number): Promise<void> {
  const targets = [...job.changes, ...(job.selection?.selectors ?? [])];
  const regions = [...new Set(targets.map(({ regionId }) => regionId))];
  await run(
    `INSERT INTO lanekeeper.job_region (job_id, region_id, position) SELECT $1, unnest($2::text[]), $3`,
    [job.id, regions, position],
  );
  await run(
    `INSERT INTO lanekeeper.lane AS l (lane_key, kind, region_id, due_at)
     SELECT 'region:' || r, 'region', r, lanekeeper.now() FROM unnest($1::text[]) AS r ORDER BY 1
     ON CONFLICT (lane_key) DO UPDATE SET due_at = coalesce(l.due_at, excluded.due_at)`,
    [regions],
  );
}
