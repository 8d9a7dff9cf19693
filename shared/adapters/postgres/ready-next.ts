import { z } from 'zod';
import type { Query } from './database.ts';

export interface ConnectionKey {
  regionId: string;
  vpnConnectionId: string;
}

const HeadRow = z.object({
  regionId: z.string(),
  vpnConnectionId: z.string(),
  laneKey: z.string().nullable(),
});

/** What marking came to: lanes of the marked heads, and connections whose head changed meanwhile. */
interface MarkedHeads {
  ready: readonly string[];
  missed: readonly ConnectionKey[];
}

/**
 * Marks the oldest unfinished released change of each connection as ready, when it is waiting and nothing of its
 * connection is in flight. Answers with the lanes where that is.
 *
 * A head that somebody cancelled after this statement's snapshot is not marked, and whoever cancelled it saw our change
 * still in flight: such connections are looked at again, with a new snapshot, until nothing was missed.
 */
export async function readyNext(
  run: Query,
  connections: readonly ConnectionKey[],
): Promise<readonly string[]> {
  const laneKeys: string[] = [];
  let open = connections;
  while (open.length > 0) {
    const { ready, missed } = await markHeads(run, open);
    laneKeys.push(...ready);
    open = missed;
  }
  return [...new Set(laneKeys)];
}

/** One round of {@link readyNext}. */
export async function markHeads(
  run: Query,
  connections: readonly ConnectionKey[],
): Promise<MarkedHeads> {
  if (connections.length === 0) return { ready: [], missed: [] };
  const rows = await run(
    `WITH head AS MATERIALIZED (
       SELECT n.id, e.region_id, e.vpn_connection_id
         FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS e(region_id, vpn_connection_id)
        CROSS JOIN LATERAL (
          SELECT w.id, w.state, w.ready FROM lanekeeper.change w
           WHERE w.region_id = e.region_id AND w.vpn_connection_id = e.vpn_connection_id
             AND w.finished_at IS NULL AND w.released
           ORDER BY w.position, w.seq LIMIT 1) AS n
        WHERE n.state = 'queued' AND NOT n.ready AND NOT EXISTS (
          SELECT 1 FROM lanekeeper.change f
           WHERE f.region_id = e.region_id AND f.vpn_connection_id = e.vpn_connection_id
             AND f.finished_at IS NULL AND f.state <> 'queued')),
     marked AS (
       UPDATE lanekeeper.change c SET ready = true
        WHERE c.id = ANY (ARRAY(SELECT id FROM head)) AND c.state = 'queued' AND NOT c.ready
       RETURNING c.id, c.lane_key)
     SELECT head.region_id AS "regionId", head.vpn_connection_id AS "vpnConnectionId", marked.lane_key AS "laneKey"
       FROM head LEFT JOIN marked ON marked.id = head.id`,
    [
      connections.map((connection) => connection.regionId),
      connections.map((connection) => connection.vpnConnectionId),
    ],
  );
  const heads = rows.map((row) => HeadRow.parse(row));
  return {
    ready: heads.flatMap(({ laneKey }) => laneKey ?? []),
    missed: heads.filter(({ laneKey }) => laneKey === null),
  };
}
