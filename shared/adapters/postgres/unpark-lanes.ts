import { z } from 'zod';
import type { Query } from './database.ts';

const LaneKeyRow = z.object({ laneKey: z.string() });

/**
 * Takes lanes out of waiting for a slot, the longest first, as many as each job has slots left. The caller holds the jobs'
 * locks, and wakes the lanes after the commit.
 */
export async function unparkLanes(
  run: Query,
  jobs: readonly { id: string; slots: number }[],
): Promise<readonly string[]> {
  const open = jobs.filter(({ slots }) => slots > 0);
  if (open.length === 0) return [];
  const rows = await run(
    `UPDATE lanekeeper.lane_job lj SET parked = false
       FROM unnest($1::text[], $2::int[]) AS s(job_id, slots)
      CROSS JOIN LATERAL (
        SELECT p.lane_key FROM lanekeeper.lane_job p
         WHERE p.job_id = s.job_id AND p.parked
         ORDER BY p.priority DESC, p.lane_key LIMIT s.slots) AS w
      WHERE lj.job_id = s.job_id AND lj.lane_key = w.lane_key
  RETURNING lj.lane_key AS "laneKey"`,
    [open.map(({ id }) => id), open.map(({ slots }) => slots)],
  );
  return rows.map((row) => LaneKeyRow.parse(row).laneKey);
}
