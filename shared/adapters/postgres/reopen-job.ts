import type { Query } from './database.ts';
import { noteOnJob } from './stop-job.ts';

/**
 * Has a job that waits for its approvers resolved anew, since its base has moved: approvals so far are void. Nothing happens when it has
 * another digest by now. Lanes before jobs: those of its regions are due when this is committed.
 */
export async function reopenJob(
  run: Query,
  jobId: string,
  { actor, digest, found }: { actor: string; digest: string; found: string },
): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.lane (lane_key, kind, region_id)
     SELECT 'region:' || r.region_id, 'region', r.region_id FROM lanekeeper.job_region r WHERE r.job_id = $1 ORDER BY 1
     ON CONFLICT DO NOTHING`,
    [jobId],
  );
  await run(
    `SELECT 1 FROM lanekeeper.lane WHERE lane_key = ANY (ARRAY(
       SELECT 'region:' || r.region_id FROM lanekeeper.job_region r WHERE r.job_id = $1))
      ORDER BY lane_key FOR UPDATE`,
    [jobId],
  );
  const reopened = await run(
    `UPDATE lanekeeper.job SET state = 'resolving', plan_digest = NULL, approve_by = NULL
      WHERE id = $1 AND state = 'awaiting_approval' AND plan_digest = $2 RETURNING 1`,
    [jobId, digest],
  );
  if (reopened.length === 0) return;
  await run('DELETE FROM lanekeeper.approval WHERE job_id = $1', [jobId]);
  await run(
    `UPDATE lanekeeper.change
        SET lane_key = NULL, attach_type = NULL, base = NULL, diff = '[]', tunnels = '[]'
      WHERE job_id = $1 AND state = 'queued'`,
    [jobId],
  );
  await run(
    'UPDATE lanekeeper.job_region SET resolved_at = NULL, first_tried_at = NULL WHERE job_id = $1',
    [jobId],
  );
  await noteOnJob(run, jobId, 'base_moved', { actor, digest, found });
  await run(
    `UPDATE lanekeeper.lane SET due_at = coalesce(due_at, lanekeeper.now())
      WHERE lane_key IN (SELECT 'region:' || r.region_id FROM lanekeeper.job_region r WHERE r.job_id = $1)`,
    [jobId],
  );
}
