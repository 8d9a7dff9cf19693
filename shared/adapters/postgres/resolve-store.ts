import { z } from 'zod';
import type { Lease, RegionWork, Resolution, ResolveStore } from '../../lane/lane-store.ts';
import type { ResolvedPlan } from '../../plan/plan-digest.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import { admitJob } from './admit-job.ts';
import type { Database, Query } from './database.ts';
import { leaveRotated } from './leave-rotated.ts';
import { endRefusedJob } from './release-job.ts';
import { foundPlan } from './resolved-plan.ts';
import { IntentRow, intentColumns } from './rows.ts';
import {
  RolloutRow,
  refusedSelectors,
  saveSelections,
  settleSelection,
  unresolvedSelectors,
} from './selections.ts';
import { wakeLanes } from './write-lanes.ts';

const WorkRow = z.object({ jobId: z.string(), triedForMs: z.coerce.number() });
const UnresolvedRow = z.object({
  id: z.string(),
  seq: z.number(),
  vpnConnectionId: z.string(),
  intentNumber: z.number(),
  isFirst: z.boolean(),
});
/** Resolving on PostgreSQL. Each write is guarded by the epoch of the region's lane. */
export function createPgResolveStore(database: Database): ResolveStore {
  return {
    nextInRegion: (regionId) => nextInRegion(database.query, regionId),
    saveSelections: (lease, jobId, selections) =>
      database.transaction(async (run) => {
        if (!(await holds(run, lease))) return false;
        await saveSelections(run, jobId, selections);
        return true;
      }),
    saveResolutions: (lease, jobId, resolutions) =>
      database.transaction(async (run) => {
        if (!(await holds(run, lease))) return false;
        await saveFound(run, resolutions);
        await saveRefused(run, jobId, resolutions);
        return true;
      }),
    async finishRegion(lease, work, digest) {
      const wake = await database.transaction(async (run) =>
        (await holds(run, lease)) ? finishRegion(run, work, digest) : null,
      );
      if (wake !== null && wake.length > 0) await wakeLanes(database.query, wake);
      return wake !== null;
    },
  };
}

/** Whether the lease still stands; locks its lane until the transaction's end. */
async function holds(run: Query, lease: Lease): Promise<boolean> {
  const rows = await run(
    'SELECT 1 FROM lanekeeper.lane WHERE lane_key = $1 AND epoch = $2 FOR UPDATE',
    [lease.laneKey, lease.epoch],
  );
  return rows.length > 0;
}

async function nextInRegion(query: Query, regionId: string): Promise<RegionWork | null> {
  const [row] = await query(
    `UPDATE lanekeeper.job_region jr SET first_tried_at = coalesce(jr.first_tried_at, lanekeeper.now())
      WHERE jr.region_id = $1 AND jr.resolved_at IS NULL AND jr.position = (
            SELECT min(o.position) FROM lanekeeper.job_region o WHERE o.region_id = $1 AND o.resolved_at IS NULL)
  RETURNING jr.job_id AS "jobId", extract(epoch FROM lanekeeper.now() - jr.first_tried_at) * 1000 AS "triedForMs"`,
    [regionId],
  );
  if (!row) return null;
  const { jobId, triedForMs } = WorkRow.parse(row);
  const intents = await query(
    `SELECT ${intentColumns} FROM lanekeeper.intent i WHERE i.job_id = $1 ORDER BY i.number`,
    [jobId],
  );
  const changes = await query(
    `SELECT id, seq, vpn_connection_id AS "vpnConnectionId", intent_number AS "intentNumber", "isFirst"
       FROM (SELECT *, row_number() OVER (PARTITION BY vpn_connection_id ORDER BY seq) = 1 AS "isFirst"
               FROM lanekeeper.change WHERE job_id = $1 AND region_id = $2) AS c
      WHERE lane_key IS NULL AND state = 'queued' ORDER BY seq`,
    [jobId, regionId],
  );
  return {
    jobId,
    triedForMs,
    intents: intents.map((intent) => IntentRow.parse(intent)),
    changes: changes.map((change) => UnresolvedRow.parse(change)),
    selectors: await unresolvedSelectors(query, jobId, regionId),
  };
}

/**
 * The condition on fresh rows is a CASE because nothing is known of a table that was just filled: a plain `lane_key IS NULL`
 * is then taken to be rare, and the join becomes a loop over all changes for each resolution.
 */
async function saveFound(run: Query, resolutions: readonly Resolution[]): Promise<void> {
  const found = resolutions.filter((resolution) => resolution.kind === 'found');
  if (found.length === 0) return;
  const rows = found.map(({ leadsTo, ...resolution }) => {
    return { ...resolution, ...leadsTo, leadsTo: canonicalJson(leadsTo) };
  });
  await run(
    `WITH c AS (
       UPDATE lanekeeper.change c
          SET lane_key = r."laneKey", attach_type = r."attachType", base = r.base, diff = r.diff,
              tunnels = r.tunnels, network = r.network,
              customer_addresses = ARRAY(SELECT jsonb_array_elements_text(r."customerAddresses")),
              remote_subnets = ARRAY(SELECT jsonb_array_elements_text(r."remoteSubnets")::inet),
              warnings = ARRAY(SELECT jsonb_array_elements_text(r.warnings)), events = c.events + 1
         FROM jsonb_to_recordset($1::jsonb) AS r(
              id text, "laneKey" text, "attachType" text, base jsonb, diff jsonb, tunnels jsonb, network text,
              "customerAddresses" jsonb, "remoteSubnets" jsonb, warnings jsonb, "leadsTo" text)
        WHERE c.id = r.id AND CASE WHEN c.lane_key IS NULL THEN c.state = 'queued' ELSE false END
       RETURNING c.id, c.events, c.job_id, c.lane_key, c.region_id, c.vpn_connection_id, r."leadsTo" AS leads_to)
     INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
     SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'resolved', (
              '{"lane":' || to_json(c.lane_key) || ',"leadsTo":' || c.leads_to || ',"regionId":' || to_json(c.region_id)
              || ',"vpnConnectionId":' || to_json(c.vpn_connection_id) || '}')::json
       FROM c`,
    [JSON.stringify(rows)],
  );
}

async function saveRefused(
  run: Query,
  jobId: string,
  resolutions: readonly Resolution[],
): Promise<void> {
  const refused = resolutions.flatMap((resolution) => {
    if (resolution.kind !== 'refused') return [];
    const { id, error } = resolution;
    return [{ id, error, data: canonicalJson({ state: 'failed', error }) }];
  });
  if (refused.length === 0) return;
  await run(
    `WITH c AS (
       UPDATE lanekeeper.change c
          SET state = 'failed', last_error = r.error, finished_at = lanekeeper.now(), events = c.events + 1
         FROM jsonb_to_recordset($2::jsonb) AS r(id text, error jsonb, data text)
        WHERE c.id = r.id AND c.state = 'queued'
       RETURNING c.id, c.events, c.job_id, r.data),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.events, c.job_id, lanekeeper.now(), 'finished', c.data::json FROM c)
     UPDATE lanekeeper.job j SET failed = j.failed + n.refused, queued = j.queued - n.refused
       FROM (SELECT count(*)::int AS refused FROM c) AS n WHERE j.id = $1`,
    [jobId, JSON.stringify(refused)],
  );
}

async function finishRegion(
  run: Query,
  work: { jobId: string; regionId: string },
  digest: (found: ResolvedPlan) => string,
): Promise<readonly string[]> {
  await run(
    `UPDATE lanekeeper.job_region SET resolved_at = lanekeeper.now() WHERE job_id = $1 AND region_id = $2`,
    [work.jobId, work.regionId],
  );
  // The regions' lanes are different rows: the job's own row makes the last two finishers see each other.
  const [job] = await run(
    `SELECT plan, rollout, failed, on_failure AS "onFailure", min_age AS "minAge", rollback_of AS "rollbackOf"
       FROM lanekeeper.job
      WHERE id = $1 AND state = 'resolving' FOR UPDATE`,
    [work.jobId],
  );
  const open = await run(
    'SELECT 1 FROM lanekeeper.job_region WHERE job_id = $1 AND resolved_at IS NULL LIMIT 1',
    [work.jobId],
  );
  if (job === undefined || open.length > 0) return [];
  const { plan, rollout, failed, onFailure, minAge, rollbackOf } = JobHead.parse(job);
  const unfit = rollout ? await settleSelection(run, work.jobId, rollout) : null;
  const planDigest = digest(await foundPlan(run, work.jobId, plan));
  const refusal = await refusalOf(run, work.jobId, failed);
  // What cannot be restored any more keeps nobody from restoring the rest.
  const isRollback = rollbackOf !== null;
  await run(
    `UPDATE lanekeeper.job SET plan_digest = $2, reason = $3, max_errors = max_errors + $4 WHERE id = $1`,
    [work.jobId, planDigest, refusal.ofSelectors, isRollback ? failed : 0],
  );
  if (unfit !== null || (refusal.ofAll !== null && onFailure !== 'continue' && !isRollback)) {
    await endRefusedJob(
      run,
      work.jobId,
      [unfit, refusal.ofAll].filter((why) => why !== null).join('; '),
    );
    return [];
  }
  if (minAge !== null) await leaveRotated(run, work.jobId);
  return admitJob(run, work.jobId);
}

const JobHead = z.object({
  plan: z.unknown(),
  rollout: RolloutRow.nullable(),
  failed: z.number(),
  onFailure: z.string(),
  minAge: z.string().nullable(),
  rollbackOf: z.string().nullable(),
});

/** What of the plan was refused, in words. Refused changes tell their reasons themselves, selectors have nothing else. */
async function refusalOf(
  run: Query,
  jobId: string,
  failed: number,
): Promise<{ ofSelectors: string | null; ofAll: string | null }> {
  const ofSelectors = await refusedSelectors(run, jobId);
  const ofChanges = failed > 0 ? `${failed} of the plan's targets were refused` : null;
  const parts = [ofChanges, ofSelectors].filter((part) => part !== null);
  return { ofSelectors, ofAll: parts.length > 0 ? parts.join('; ') : null };
}
