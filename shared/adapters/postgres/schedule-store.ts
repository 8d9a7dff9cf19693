import { z } from 'zod';
import type { NewJob } from '../../job/record.ts';
import { jobStates } from '../../job/state.ts';
import { type LastOutcome, overlaps, runOutcomes } from '../../schedule/outcome.ts';
import type { NewSchedule, ScheduleRecord } from '../../schedule/record.ts';
import type {
  RunDeed,
  RunOutcome,
  ScheduleRun,
  ScheduleStore,
} from '../../schedule/schedule-store.ts';
import type { Database, Query } from './database.ts';
import { acceptJob, jobOfKey } from './job-store.ts';
import { BigInteger, Timestamp } from './rows.ts';

const SealedSet = z.object({
  target: z.number().nullable(),
  keys: z.record(z.string(), z.string()),
});

const scheduleColumns = `
  s.name, s.position, s.version, s.cron, s.time_zone AS "timeZone", s.enabled, s.overlap, s.min_age AS "minAge",
  json_build_object('shown', s.plan, 'sealedSets', s.sealed_sets) AS plan, s.created_at AS "createdAt",
  s.updated_at AS "updatedAt", s.updated_by AS "updatedBy", s.next_run_at AS "nextRunAt", s.last_run_at AS "lastRunAt",
  s.last_planned_at AS "lastPlannedAt", s.last_outcome AS "lastOutcome", s.last_reason AS "lastReason",
  j.id AS "lastJobId", j.state AS "lastJobState", j.reason AS "lastJobReason"`;

const schedules = `
  SELECT ${scheduleColumns} FROM lanekeeper.schedule s LEFT JOIN lanekeeper.job j ON j.id = s.last_job_id`;

const ScheduleRow = z
  .object({
    name: z.string(),
    position: BigInteger,
    version: BigInteger,
    cron: z.string(),
    timeZone: z.string(),
    enabled: z.boolean(),
    overlap: z.enum(overlaps),
    minAge: z.string().nullable(),
    plan: z.object({ shown: z.unknown(), sealedSets: z.array(SealedSet) }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    updatedBy: z.string(),
    nextRunAt: Timestamp.nullable(),
    lastRunAt: Timestamp.nullable(),
    lastPlannedAt: Timestamp.nullable(),
    lastOutcome: z.enum(runOutcomes).nullable(),
    lastReason: z.string().nullable(),
    lastJobId: z.string().nullable(),
    lastJobState: z.enum(jobStates).nullable(),
    lastJobReason: z.string().nullable(),
  })
  .transform((row): ScheduleRecord => {
    const { lastRunAt, lastPlannedAt, lastOutcome, lastReason, ...rest } = row;
    const { lastJobId, lastJobState, lastJobReason, ...schedule } = rest;
    const hasRun = lastRunAt !== null && lastOutcome !== null;
    const last = { plannedAt: lastPlannedAt, reason: lastReason };
    return {
      ...schedule,
      lastRun: hasRun ? { at: lastRunAt, outcome: lastOutcome, ...last } : null,
      lastJob:
        lastJobId !== null && lastJobState !== null
          ? { id: lastJobId, state: lastJobState, reason: lastJobReason }
          : null,
    };
  });

/** Schedules on PostgreSQL, embedded or served. A schedule's row is locked before lanes and jobs. */
export function createPgScheduleStore(database: Database): ScheduleStore {
  const { query } = database;
  return {
    put: (schedule, nextRun) => database.transaction((run) => putSchedule(run, schedule, nextRun)),
    async get(name) {
      const [row] = await query(`${schedules} WHERE s.name = $1`, [name]);
      return row ? ScheduleRow.parse(row) : null;
    },
    async list({ limit, after }) {
      const rows = await query(`${schedules} WHERE s.position > $1 ORDER BY s.position LIMIT $2`, [
        after ?? 0,
        limit,
      ]);
      return rows.map((row) => ScheduleRow.parse(row));
    },
    async remove(name) {
      const rows = await query('DELETE FROM lanekeeper.schedule WHERE name = $1 RETURNING name', [
        name,
      ]);
      return rows.length > 0;
    },
    async due({ limit, after }) {
      const now = await timeOf(query);
      const rows = await query(
        `${schedules} WHERE s.next_run_at <= $1::timestamptz AND s.position > $2 ORDER BY s.position LIMIT $3`,
        [new Date(now).toISOString(), after ?? 0, limit],
      );
      return { now, schedules: rows.map((row) => ScheduleRow.parse(row)) };
    },
    run: (scheduled, deed) => database.transaction((run) => runSchedule(run, scheduled, deed)),
  };
}

const TimeRow = z.object({ now: z.coerce.number() });

/** The store's time in whole ms, rounded down: what is planned for it has come. */
async function timeOf(query: Query): Promise<number> {
  const [row] = await query('SELECT floor(extract(epoch FROM lanekeeper.now()) * 1000) AS now');
  return TimeRow.parse(row).now;
}

async function putSchedule(
  run: Query,
  schedule: NewSchedule,
  nextRun: (moment: number) => number | null,
): Promise<'created' | 'replaced'> {
  const next = schedule.enabled ? nextRun(await timeOf(run)) : null;
  const { plan } = schedule;
  const [row] = await run(
    `INSERT INTO lanekeeper.schedule AS s
       (name, version, cron, time_zone, enabled, overlap, min_age, plan, sealed_sets, created_at, updated_at, updated_by,
        next_run_at)
     VALUES ($1, nextval('lanekeeper.schedule_version'), $2, $3, $4, $5, $6, $7::jsonb, $8::jsonb, lanekeeper.now(),
             lanekeeper.now(), $9, $10)
     ON CONFLICT (name) DO UPDATE
        SET version = excluded.version, cron = excluded.cron, time_zone = excluded.time_zone,
            enabled = excluded.enabled, overlap = excluded.overlap, min_age = excluded.min_age, plan = excluded.plan,
            sealed_sets = excluded.sealed_sets, updated_at = excluded.updated_at, updated_by = excluded.updated_by,
            next_run_at = CASE WHEN s.enabled AND excluded.enabled AND s.cron = excluded.cron
                                    AND s.time_zone = excluded.time_zone
                               THEN s.next_run_at ELSE excluded.next_run_at END
     RETURNING s.xmax = 0 AS created`,
    [
      schedule.name,
      schedule.cron,
      schedule.timeZone,
      schedule.enabled,
      schedule.overlap,
      schedule.minAge,
      JSON.stringify(plan.shown),
      JSON.stringify(plan.sealedSets),
      schedule.updatedBy,
      next === null ? null : new Date(next).toISOString(),
    ],
  );
  return row?.created === true ? 'created' : 'replaced';
}

const HeadRow = z.object({
  version: BigInteger,
  overlap: z.enum(overlaps),
  nextRunAt: Timestamp.nullable(),
});

async function runSchedule(run: Query, scheduled: ScheduleRun, deed: RunDeed): Promise<RunOutcome> {
  const { name, version, planned } = scheduled;
  const [row] = await run(
    `SELECT version, overlap, next_run_at AS "nextRunAt" FROM lanekeeper.schedule WHERE name = $1 FOR UPDATE`,
    [name],
  );
  const head = row ? HeadRow.parse(row) : null;
  if (head?.version !== version) return { kind: 'lost' };
  if (planned !== null && head.nextRunAt !== planned.dueAt) return { kind: 'lost' };
  const outcome =
    deed.kind === 'fail' ? failed : await submitOnce(run, deed.job, head.overlap === 'skip');
  const record = recordOf(outcome, deed);
  // By hand the caller is told; nothing of the schedule has come and gone.
  if (record !== null && (planned !== null || outcome.kind === 'submitted')) {
    await recordRun(run, scheduled, record);
  }
  return outcome;
}

const failed = { kind: 'failed' } as const satisfies RunOutcome;

/** Accepts the job of a run, unless it was accepted before, or another one of its schedule is in its way. */
async function submitOnce(run: Query, job: NewJob, mustBeAlone: boolean): Promise<RunOutcome> {
  const known = (await jobOfKey(run, job)) ?? (await jobOfPlannedTime(run, job));
  if (known) return known;
  const unfinished = mustBeAlone ? await unfinishedJob(run, job) : null;
  if (unfinished !== null) return { kind: 'skipped', jobId: unfinished };
  const accepted = await acceptJob(run, job);
  return accepted.kind === 'created' ? { kind: 'submitted', jobId: accepted.jobId } : accepted;
}

const JobIdRow = z.object({ id: z.string() });

async function jobOfPlannedTime(run: Query, { schedule }: NewJob): Promise<RunOutcome | null> {
  const [row] = await run(
    'SELECT id FROM lanekeeper.job WHERE schedule_name = $1 AND planned_at = $2::timestamptz',
    [schedule?.name ?? null, schedule?.plannedAt ?? null],
  );
  return row ? { kind: 'repeated', jobId: JobIdRow.parse(row).id } : null;
}

async function unfinishedJob(run: Query, { schedule }: NewJob): Promise<string | null> {
  const [row] = await run(
    `SELECT id FROM lanekeeper.job WHERE schedule_name = $1 AND finished_at IS NULL ORDER BY position DESC LIMIT 1`,
    [schedule?.name ?? null],
  );
  return row ? JobIdRow.parse(row).id : null;
}

/** What is remembered of a run. */
interface RunRecord {
  outcome: LastOutcome;
  reason: string | null;
  jobId: string | null;
}

function recordOf(outcome: RunOutcome, deed: RunDeed): RunRecord | null {
  switch (outcome.kind) {
    case 'submitted':
    case 'repeated':
      return { outcome: 'submitted', reason: null, jobId: outcome.jobId };
    case 'skipped':
      return { outcome: 'skipped', reason: `${outcome.jobId} was unfinished`, jobId: null };
    case 'failed':
      return { outcome: 'failed', reason: deed.kind === 'fail' ? deed.reason : null, jobId: null };
    default:
      return null;
  }
}

async function recordRun(
  run: Query,
  { name, planned }: ScheduleRun,
  { outcome, reason, jobId }: RunRecord,
): Promise<void> {
  await run(
    `UPDATE lanekeeper.schedule
        SET last_run_at = lanekeeper.now(), last_planned_at = $2, last_outcome = $3, last_reason = $4,
            last_job_id = coalesce($5, last_job_id),
            next_run_at = CASE WHEN $6::boolean THEN $7::timestamptz ELSE next_run_at END
      WHERE name = $1`,
    [
      name,
      planned?.plannedAt ?? null,
      outcome,
      reason,
      jobId,
      planned !== null,
      planned?.nextRunAt ?? null,
    ],
  );
}
