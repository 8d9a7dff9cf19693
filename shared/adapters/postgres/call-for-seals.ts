import { sealingLaneOf } from '../../journal/journal-store.ts';
import type { Query } from './database.ts';

/**
 * Has these jobs sealed as soon as somebody finds the time, those of them that have ended: in the transaction that ends them, so
 * that no job ends without it. What is done there is long; this is one row for each.
 */
export async function callForSeals(run: Query, jobIds: readonly string[]): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.lane (lane_key, kind, region_id, due_at)
     SELECT l.lane_key, 'job', '', lanekeeper.now()
       FROM unnest($1::text[], $2::text[]) AS l(lane_key, job_id)
       JOIN lanekeeper.job j ON j.id = l.job_id AND j.finished_at IS NOT NULL
     ON CONFLICT DO NOTHING`,
    [jobIds.map(sealingLaneOf), jobIds],
  );
}
