import { z } from 'zod';
import type { Query } from './database.ts';
import { mayStart } from './may-start.ts';

const NextDue = z.object({ nextDueInMs: z.coerce.number().nullable() });

/**
 * The safety net under the wake-ups. An expired lease is due already; taking it back only says so. A lane idles rightly
 * when it carries no change and has nothing startable or all of it is frozen, or when the jobs it could serve have no free slot.
 */
export async function repairLanes(
  query: Query,
): Promise<{ reclaimed: number; roused: number; nextDueInMs: number | null }> {
  const reclaimed = await query(
    `UPDATE lanekeeper.lane SET worker = NULL, epoch = epoch + 1
      WHERE lane_key = ANY (ARRAY(
            SELECT lane_key FROM lanekeeper.lane WHERE due_at <= lanekeeper.now() AND worker IS NOT NULL
             ORDER BY lane_key FOR UPDATE SKIP LOCKED))
  RETURNING lane_key`,
  );
  const roused = await query(
    `UPDATE lanekeeper.lane SET due_at = lanekeeper.now()
      WHERE lane_key = ANY (ARRAY(
            SELECT l.lane_key FROM lanekeeper.lane l
             WHERE l.due_at IS NULL AND (l.change_id IS NOT NULL
                   OR (l.kind = 'region' AND EXISTS (
                     SELECT 1 FROM lanekeeper.job_region r WHERE r.region_id = l.region_id AND r.resolved_at IS NULL))
                   OR EXISTS (
                     SELECT 1 FROM lanekeeper.change w WHERE w.lane_key = l.lane_key AND w.resume_at IS NOT NULL)
                   OR EXISTS (
                     SELECT 1 FROM lanekeeper.lane_job lj
                       JOIN lanekeeper.job j ON j.id = lj.job_id AND j.state = 'running' AND NOT j.stopping
                        AND j.applying + j.settling + j.rolling_back < coalesce(j.slot_limit, j.max_in_flight)
                       JOIN lanekeeper.change c ON c.lane_key = lj.lane_key AND c.job_id = lj.job_id
                        AND c.state = 'queued' AND c.ready AND ${mayStart}
                      WHERE lj.lane_key = l.lane_key))
             ORDER BY l.lane_key FOR UPDATE OF l SKIP LOCKED))
  RETURNING lane_key`,
  );
  const [next] = await query(
    `SELECT extract(epoch FROM min(due_at) - lanekeeper.now()) * 1000 AS "nextDueInMs"
       FROM lanekeeper.lane WHERE due_at IS NOT NULL`,
  );
  const { nextDueInMs } = NextDue.parse(next);
  return { reclaimed: reclaimed.length, roused: roused.length, nextDueInMs };
}
