import { z } from 'zod';
import type { Query } from './database.ts';

const LaneKeyRow = z.object({ laneKey: z.string() });

/** Marks the oldest unfinished released change of each connection as ready, when it is still waiting. */
export async function readyNext(
  run: Query,
  connections: readonly { regionId: string; vpnConnectionId: string }[],
): Promise<readonly string[]> {
  if (connections.length === 0) return [];
  const rows = await run(
    `UPDATE lanekeeper.change c SET ready = true
      WHERE c.state = 'queued' AND NOT c.ready AND c.id = ANY (ARRAY(
            SELECT n.id FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS e(region_id, vpn_connection_id)
             CROSS JOIN LATERAL (
               SELECT w.id FROM lanekeeper.change w
                WHERE w.region_id = e.region_id AND w.vpn_connection_id = e.vpn_connection_id
                  AND w.finished_at IS NULL AND w.released
                ORDER BY w.position, w.seq LIMIT 1) AS n))
  RETURNING c.lane_key AS "laneKey"`,
    [
      connections.map((connection) => connection.regionId),
      connections.map((connection) => connection.vpnConnectionId),
    ],
  );
  return rows.map((row) => LaneKeyRow.parse(row).laneKey);
}
