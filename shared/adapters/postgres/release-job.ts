import { firstBatch } from '../../job/batches.ts';
import { cancelWaiting } from './cancel-waiting.ts';
import type { Query } from './database.ts';
import {
  enterScopes,
  jobsMet,
  lockReleases,
  meetCompanions,
  shareEnds,
} from './meet-companions.ts';
import { isSlowStart } from './move-jobs.ts';
import { BatchesRow, batchColumns, openBatches } from './open-batches.ts';
import { tendJobs } from './tend-jobs.ts';

/** Ends a job whose targets were refused under `stop`, for this reason: nothing of it reaches the cloud. */
export async function endRefusedJob(run: Query, jobId: string, reason: string): Promise<void> {
  const cancelled = await cancelWaiting(run, jobId);
  await run(
    `UPDATE lanekeeper.job SET state = 'failed', reason = $2, queued = queued - $3, cancelled = cancelled + $3,
            started_at = lanekeeper.now(), finished_at = lanekeeper.now()
      WHERE id = $1`,
    [jobId, `${reason}; nothing was changed`, cancelled.length],
  );
  await tendJobs(run, [jobId]);
}

/**
 * Lets a resolved job take its place: on each of its connections in the order of acceptance among released jobs, and on
 * its lanes. Everything that stands on the same connections is locked first, lanes before jobs: whoever ends, starts,
 * cancels or releases something there at the same time comes before or after, so that one of the two sees the other.
 */
export async function releaseJob(run: Query, jobId: string): Promise<void> {
  await lockReleases(run);
  await shareEnds(run, jobId, 'own');
  await enterScopes(run, jobId);
  await lockLanes(run, jobId);
  await lockJobs(run, jobId);
  for (const other of await shareEnds(run, jobId, 'others')) await enterScopes(run, other);
  await meetCompanions(run, jobId);
  await beginBatches(run, jobId);
  await takePlaces(run, jobId);
  await enterLanes(run, jobId);
  await run(
    `UPDATE lanekeeper.job j
        SET started_at = lanekeeper.now(), slot_limit = CASE WHEN ${isSlowStart} THEN 1 END,
            state = CASE WHEN queued > 0 AND pause_reason IS NULL THEN 'running' WHEN queued > 0 THEN 'paused'
                         WHEN failed = 0 AND skipped > 0 THEN 'succeeded' ELSE 'failed' END,
            finished_at = CASE WHEN queued > 0 THEN NULL ELSE lanekeeper.now() END
      WHERE id = $1`,
    [jobId],
  );
  await tendJobs(run, [jobId]);
}

/** Opens the first batch, and those after it when nothing of it is left: all of it may have been refused. */
async function beginBatches(run: Query, jobId: string): Promise<void> {
  const [before] = await run(`SELECT ${batchColumns} FROM lanekeeper.job j WHERE j.id = $1`, [
    jobId,
  ]);
  const openUntil = firstBatch(BatchesRow.parse(before).batches);
  if (openUntil === null) return;
  const [row] = await run(
    `UPDATE lanekeeper.job j
        SET open_until = $2, open_left = (
              SELECT count(*) FROM lanekeeper.change c
               WHERE c.job_id = $1 AND c.finished_at IS NULL AND c.seq < $2)
      WHERE id = $1 AND queued > 0
  RETURNING ${batchColumns}`,
    [jobId, openUntil],
  );
  if (row) await openBatches(run, jobId, { ...BatchesRow.parse(row), isResumed: false });
}

/** The connections where the job has changes to start. */
const ownConnections = `
  SELECT DISTINCT c.region_id, c.vpn_connection_id FROM lanekeeper.change c WHERE c.job_id = $1 AND c.state = 'queued'`;

/** Everything unfinished on those connections, `o`, resolved or not. */
const onOwnConnections = `
  (${ownConnections}) AS c JOIN lanekeeper.change o
    ON o.region_id = c.region_id AND o.vpn_connection_id = c.vpn_connection_id AND o.finished_at IS NULL`;

/**
 * Locks the lanes of all changes on the job's connections, also of jobs that are not released yet: a connection that was
 * moved stands on two lanes, and two releases at once must still meet.
 */
async function lockLanes(run: Query, jobId: string): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.lane (lane_key, kind, region_id)
     SELECT DISTINCT o.lane_key, split_part(o.lane_key, ':', 1), o.region_id
       FROM ${onOwnConnections} WHERE o.lane_key IS NOT NULL ORDER BY 1
     ON CONFLICT DO NOTHING`,
    [jobId],
  );
  await run(
    `SELECT 1 FROM lanekeeper.lane WHERE lane_key = ANY (ARRAY(
       SELECT DISTINCT o.lane_key FROM ${onOwnConnections} WHERE o.lane_key IS NOT NULL))
      ORDER BY lane_key FOR UPDATE`,
    [jobId],
  );
}

/** Without its lock, a job that stops would cancel changes here while we decide what is before what. */
async function lockJobs(run: Query, jobId: string): Promise<void> {
  await run(
    `SELECT 1 FROM lanekeeper.job WHERE id = ANY (ARRAY(
       SELECT o.job_id FROM ${onOwnConnections} WHERE o.released OR o.job_id = $1 UNION ${jobsMet}))
      ORDER BY id FOR UPDATE`,
    [jobId],
  );
}

async function takePlaces(run: Query, jobId: string): Promise<void> {
  // A job that was accepted later but released earlier steps back where it has not started.
  await run(
    `UPDATE lanekeeper.change l SET ready = false
       FROM (${ownConnections}) AS c
      WHERE l.region_id = c.region_id AND l.vpn_connection_id = c.vpn_connection_id
        AND l.finished_at IS NULL AND l.ready AND l.state = 'queued'
        AND l.position > (SELECT position FROM lanekeeper.job WHERE id = $1)`,
    [jobId],
  );
  await run(
    `UPDATE lanekeeper.change c
        SET released = true,
            ready = NOT EXISTS (
              SELECT 1 FROM lanekeeper.change p
               WHERE p.region_id = c.region_id AND p.vpn_connection_id = c.vpn_connection_id
                 AND p.finished_at IS NULL AND (p.released OR p.job_id = c.job_id)
                 AND (p.position, p.seq) < (c.position, c.seq))
                AND NOT EXISTS (
              SELECT 1 FROM lanekeeper.change f
               WHERE f.region_id = c.region_id AND f.vpn_connection_id = c.vpn_connection_id
                 AND f.finished_at IS NULL AND f.state <> 'queued')
      WHERE c.job_id = $1 AND c.state = 'queued'`,
    [jobId],
  );
}

/**
 * The longest lanes decide when a job ends: a millisecond's start for each change brings them to the head of the claim. Lanes with
 * nothing of the first batch are woken when theirs opens.
 */
async function enterLanes(run: Query, jobId: string): Promise<void> {
  await run(
    `WITH entered AS (
       INSERT INTO lanekeeper.lane_job (lane_key, job_id, waiting)
       SELECT c.lane_key, c.job_id, count(*) FROM lanekeeper.change c
        WHERE c.job_id = $1 AND c.state = 'queued' GROUP BY c.lane_key, c.job_id
       RETURNING lane_key, waiting)
     UPDATE lanekeeper.lane l
        SET due_at = coalesce(l.due_at, lanekeeper.now() - entered.waiting * interval '1 millisecond')
       FROM entered WHERE l.lane_key = entered.lane_key AND EXISTS (
            SELECT 1 FROM lanekeeper.job j
             WHERE j.id = $1 AND (j.open_until IS NULL OR EXISTS (
                   SELECT 1 FROM lanekeeper.change c
                    WHERE c.lane_key = entered.lane_key AND c.job_id = $1 AND c.state = 'queued'
                      AND c.seq < j.open_until)))`,
    [jobId],
  );
}
