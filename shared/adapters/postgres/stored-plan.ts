import { z } from 'zod';
import type { RestoredJob, RetriedJob, StoredPlan } from '../../job/record.ts';
import { jobStates } from '../../job/state.ts';
import { failureReactions } from '../../plan/rollout.ts';
import { Selector } from '../../plan/selector.ts';
import type { Query } from './database.ts';
import { readSettings } from './job-settings.ts';
import { ChangeRow, changeColumns, IntentRow, intentColumns } from './rows.ts';

const HeadRow = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(jobStates),
  createdBy: z.string(),
  rollbackOf: z.string().nullable(),
  plan: z.unknown(),
  onFailure: z.enum(failureReactions),
  followed: z.number(),
});
const RetriedRow = z.object({
  seq: z.number(),
  regionId: z.string(),
  vpnConnectionId: z.string(),
  intentNumber: z.number(),
});
const RestoredRow = ChangeRow.extend({ intentNumber: z.number() });
const SelectorRow = z.object({
  place: z.number(),
  regionId: z.string(),
  intentNumber: z.number(),
  select: Selector,
});

async function readPlan(query: Query, jobId: string): Promise<StoredPlan | null> {
  const [row] = await query(
    `SELECT id, title, state, created_by AS "createdBy", rollback_of AS "rollbackOf", plan, on_failure AS "onFailure",
            (SELECT count(*)::int FROM lanekeeper.job f
              WHERE (f.retry_of = $1 OR f.rollback_of = $1) AND f.finished_at IS NOT NULL) AS followed
       FROM lanekeeper.job WHERE id = $1`,
    [jobId],
  );
  const settings = await readSettings(query, jobId);
  if (row === undefined || settings === null) return null;
  const intents = await query(
    `SELECT ${intentColumns} FROM lanekeeper.intent i WHERE i.job_id = $1 ORDER BY i.number`,
    [jobId],
  );
  return {
    ...HeadRow.parse(row),
    settings,
    intents: intents.map((intent) => IntentRow.parse(intent)),
  };
}

/** What a job was made of, and what of it did not come to its end; null when there is none of that id. */
export async function readRetried(query: Query, jobId: string): Promise<RetriedJob | null> {
  const plan = await readPlan(query, jobId);
  if (plan === null) return null;
  const changes = await query(
    `SELECT seq, region_id AS "regionId", vpn_connection_id AS "vpnConnectionId", intent_number AS "intentNumber"
       FROM lanekeeper.change
      WHERE job_id = $1 AND state IN ('failed', 'rolled_back', 'cancelled') ORDER BY seq`,
    [jobId],
  );
  const selectors = await query(
    `SELECT place, region_id AS "regionId", intent_number AS "intentNumber", criteria AS "select"
       FROM lanekeeper.job_selector
      WHERE job_id = $1 AND (resolved_at IS NULL OR refusal IS NOT NULL) ORDER BY place`,
    [jobId],
  );
  return {
    ...plan,
    changes: changes.map((change) => RetriedRow.parse(change)),
    selectors: selectors.map((selector) => SelectorRow.parse(selector)),
  };
}

/** What a job was made of, and what of it, or of one change of it, can be restored; null when there is none of that id. */
export async function readRestored(
  query: Query,
  jobId: string,
  changeId: string | null,
): Promise<RestoredJob | null> {
  const plan = await readPlan(query, jobId);
  if (plan === null) return null;
  const changes = await query(
    `SELECT ${changeColumns}, c.intent_number AS "intentNumber"
       FROM lanekeeper.change c
      WHERE c.job_id = $1 AND ($2::text IS NULL OR c.id = $2) AND c.state = 'succeeded'
        AND c.handover->'previous' NOT IN ('null', '{}')
      ORDER BY c.seq`,
    [jobId, changeId],
  );
  return { ...plan, changes: changes.map((change) => RestoredRow.parse(change)) };
}
