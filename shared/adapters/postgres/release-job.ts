import { cancelWaiting } from './cancel-waiting.ts';
import type { Query } from './database.ts';

/** Ends a job whose targets were refused under `stop`: nothing of it reaches the cloud. */
export async function endRefusedJob(run: Query, jobId: string, refused: number): Promise<void> {
  const { count } = await cancelWaiting(run, jobId);
  await run(
    `UPDATE lanekeeper.job SET state = 'failed', reason = $2, queued = queued - $3, cancelled = cancelled + $3,
            started_at = lanekeeper.now(), finished_at = lanekeeper.now()
      WHERE id = $1`,
    [jobId, `${refused} of the plan's targets were refused; nothing was changed`, count],
  );
}

/**
 * Lets a resolved job take its place: on each of its connections in the order of acceptance among released jobs, and on
 * its lanes. The lanes are locked first, those of other jobs' changes on the same connections too: whoever ends such a
 * change at the same time holds one of them, so that one of the two sees the other.
 */
export async function releaseJob(run: Query, jobId: string): Promise<void> {
  await lockLanes(run, jobId);
  await run('SELECT 1 FROM lanekeeper.job WHERE id = $1 FOR UPDATE', [jobId]);
  await takePlaces(run, jobId);
  await enterLanes(run, jobId);
  await run(
    `UPDATE lanekeeper.job
        SET started_at = lanekeeper.now(),
            state = CASE WHEN queued > 0 THEN 'running' ELSE 'failed' END,
            finished_at = CASE WHEN queued > 0 THEN NULL ELSE lanekeeper.now() END
      WHERE id = $1`,
    [jobId],
  );
}

async function lockLanes(run: Query, jobId: string): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.lane (lane_key, kind, region_id)
     SELECT DISTINCT c.lane_key, split_part(c.lane_key, ':', 1), c.region_id
       FROM lanekeeper.change c WHERE c.job_id = $1 AND c.state = 'queued' ORDER BY 1
     ON CONFLICT DO NOTHING`,
    [jobId],
  );
  await run(
    `SELECT 1 FROM lanekeeper.lane WHERE lane_key IN (
       SELECT c.lane_key FROM lanekeeper.change c WHERE c.job_id = $1 AND c.state = 'queued'
       UNION
       SELECT o.lane_key FROM lanekeeper.change c
         JOIN lanekeeper.change o ON o.region_id = c.region_id AND o.vpn_connection_id = c.vpn_connection_id
                                 AND o.finished_at IS NULL AND o.released
        WHERE c.job_id = $1 AND c.state = 'queued')
      ORDER BY lane_key FOR UPDATE`,
    [jobId],
  );
}

async function takePlaces(run: Query, jobId: string): Promise<void> {
  // A job that was accepted later but released earlier steps back where it has not started.
  await run(
    `UPDATE lanekeeper.change l SET ready = false
       FROM lanekeeper.change c
      WHERE c.job_id = $1 AND c.state = 'queued'
        AND l.region_id = c.region_id AND l.vpn_connection_id = c.vpn_connection_id
        AND l.finished_at IS NULL AND l.ready AND l.state = 'queued' AND l.position > c.position`,
    [jobId],
  );
  await run(
    `UPDATE lanekeeper.change c
        SET released = true,
            ready = NOT EXISTS (
              SELECT 1 FROM lanekeeper.change p
               WHERE p.region_id = c.region_id AND p.vpn_connection_id = c.vpn_connection_id
                 AND p.finished_at IS NULL AND (p.released OR p.job_id = c.job_id)
                 AND (p.state <> 'queued' OR (p.position, p.seq) < (c.position, c.seq))
                 AND p.id <> c.id)
      WHERE c.job_id = $1 AND c.state = 'queued'`,
    [jobId],
  );
}

async function enterLanes(run: Query, jobId: string): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.lane_job (lane_key, job_id)
     SELECT DISTINCT c.lane_key, c.job_id FROM lanekeeper.change c WHERE c.job_id = $1 AND c.state = 'queued'`,
    [jobId],
  );
  await run(
    `UPDATE lanekeeper.lane l
        SET backlog = l.backlog + n.changes, due_at = coalesce(l.due_at, lanekeeper.now())
       FROM (SELECT c.lane_key, count(*)::int AS changes FROM lanekeeper.change c
              WHERE c.job_id = $1 AND c.state = 'queued' GROUP BY c.lane_key) AS n
      WHERE l.lane_key = n.lane_key`,
    [jobId],
  );
}
