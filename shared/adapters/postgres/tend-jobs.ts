import { jobLaneOf } from '../../journal/journal-store.ts';
import type { Query } from './database.ts';

/**
 * Has somebody look after these jobs at once, those of them that have ended (to seal them) or wait for a time or a person: in the
 * transaction that brings them there, so that none is forgotten. What is done is long or comes later; this is one row for each.
 *
 * A lane in somebody's hands is left alone, and so is one that he locks: before he gives it back he looks at the job under the job's
 * lock, which the caller holds. So nobody waits for this lane while he holds a job.
 */
export async function tendJobs(run: Query, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await run(
    `WITH tended AS (
       SELECT l.lane_key FROM unnest($1::text[], $2::text[]) AS l(lane_key, job_id)
         JOIN lanekeeper.job j ON j.id = l.job_id
          AND (j.finished_at IS NOT NULL OR j.state IN ('awaiting_approval', 'waiting_for_window')
               OR j.not_after IS NOT NULL)),
     fresh AS (
       INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at)
       SELECT lane_key, 'job', '', lanekeeper.now() FROM tended
       ON CONFLICT DO NOTHING)
     UPDATE lanekeeper.lane SET due_at = lanekeeper.now()
      WHERE lane_key = ANY (ARRAY(
            SELECT x.lane_key FROM lanekeeper.lane x
             WHERE x.lane_key IN (SELECT lane_key FROM tended) AND x.worker IS NULL
               AND (x.due_at IS NULL OR x.due_at > lanekeeper.now())
               FOR UPDATE SKIP LOCKED))`,
    [jobIds.map(jobLaneOf), jobIds],
  );
}
