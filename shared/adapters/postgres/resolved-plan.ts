import { z } from 'zod';
import { attachTypes } from '../../connection/model.ts';
import type { FoundPlan } from '../../job/approval.ts';
import type { Query } from './database.ts';
import { IntentRow, intentColumns } from './rows.ts';

const TargetRow = z.object({
  regionId: z.string(),
  vpnConnectionId: z.string(),
  intentNumber: z.number(),
  attachType: z.enum(attachTypes).nullable(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable(),
  isWaiting: z.boolean(),
});

/** What a job found when it was resolved, as its digest is made of; null when it has none, or no digest. */
export async function foundPlanOf(query: Query, jobId: string): Promise<FoundPlan | null> {
  const [job] = await query(
    'SELECT plan FROM lanekeeper.job WHERE id = $1 AND plan_digest IS NOT NULL',
    [jobId],
  );
  return job ? foundPlan(query, jobId, job.plan) : null;
}

/** A plan with what its job found. */
export async function foundPlan(query: Query, jobId: string, plan: unknown): Promise<FoundPlan> {
  const intents = await query(
    `SELECT ${intentColumns} FROM lanekeeper.intent i WHERE i.job_id = $1 ORDER BY i.number`,
    [jobId],
  );
  const targets = await query(
    `SELECT region_id AS "regionId", vpn_connection_id AS "vpnConnectionId", intent_number AS "intentNumber",
            attach_type AS "attachType", base AS fields, state = 'queued' AS "isWaiting"
       FROM lanekeeper.change WHERE job_id = $1 ORDER BY seq`,
    [jobId],
  );
  return {
    plan,
    // The keyed digests of the keys that the job's wishes name.
    keys: intents.map((row) => IntentRow.parse(row).keyDigests),
    targets: targets.map((row) => TargetRow.parse(row)),
  };
}
