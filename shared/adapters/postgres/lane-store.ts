import { z } from 'zod';
import type { ClaimedLane, LaneStore, Lease } from '../../lane/lane-store.ts';
import { assignmentColumns, parseAssignment } from './assignments.ts';
import type { Database, Query } from './database.ts';
import { recordUpdates, wakeLanes } from './record-updates.ts';
import { repairLanes } from './repair-lanes.ts';
import { BigInteger } from './rows.ts';

const ClaimedRow = z.object({
  laneKey: z.string(),
  kind: z.enum(['gateway', 'connection', 'region']),
  regionId: z.string(),
  epoch: BigInteger,
  backlog: z.number(),
  changeId: z.string().nullable(),
});

const NextDue = z.object({ nextDueInMs: z.coerce.number().nullable() });
const HeldLane = z.object({ laneKey: z.string(), epoch: BigInteger });

/**
 * Picking stands alone in an uncorrelated ARRAY: an InitPlan that PostgreSQL runs once. Mixed with other rows in one
 * UPDATE, a re-check after a lock wait may run the pick again and lease more lanes than asked for.
 */
export const claimStatement = `
  UPDATE lanekeeper.lane
     SET due_at = lanekeeper.now() + $2 * interval '1 second', epoch = epoch + 1, worker = $3
   WHERE lane_key = ANY (ARRAY(
           SELECT lane_key FROM lanekeeper.lane WHERE due_at <= lanekeeper.now()
            ORDER BY due_at, lane_key LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING lane_key AS "laneKey", kind, region_id AS "regionId", epoch, change_id AS "changeId", (
            SELECT coalesce(sum(lj.waiting), 0)::int FROM lanekeeper.lane_job lj
             WHERE lj.lane_key = lane.lane_key) AS backlog`;

/**
 * A statement of its own, with a later snapshot than the claim: joined into the claim it could show a change as it was
 * before the lane row that was just leased.
 */
const loadStatement = `
  SELECT ${assignmentColumns} FROM lanekeeper.change c
    JOIN lanekeeper.intent i ON i.job_id = c.job_id AND i.number = c.intent_number
   WHERE c.id = ANY ($1)`;

async function claimLanes(
  query: Query,
  request: { worker: string; limit: number; leaseSeconds: number },
): Promise<readonly ClaimedLane[]> {
  if (request.limit <= 0) return [];
  const { limit, leaseSeconds, worker } = request;
  const rows = (await query(claimStatement, [limit, leaseSeconds, worker])).map((row) =>
    ClaimedRow.parse(row),
  );
  const begun = rows.flatMap((row) => (row.changeId === null ? [] : [row.changeId]));
  const loaded = begun.length > 0 ? await query(loadStatement, [begun]) : [];
  const assignments = new Map(loaded.map(parseAssignment).map((a) => [a.change.id, a]));
  return rows.map(({ changeId, ...lane }) => ({
    ...lane,
    assignment: changeId === null ? null : (assignments.get(changeId) ?? null),
  }));
}

/** The lane store on PostgreSQL, embedded or served. Times are the database's; deadlines are the worker's own. */
export function createPgLaneStore(database: Database): LaneStore {
  return {
    async claim(request) {
      const lanes = await claimLanes(database.query, request);
      const [next] = await database.query(
        `SELECT extract(epoch FROM min(due_at) - lanekeeper.now()) * 1000 AS "nextDueInMs"
           FROM lanekeeper.lane WHERE due_at IS NOT NULL AND lane_key <> ALL ($1)`,
        [lanes.map((lane) => lane.laneKey)],
      );
      return { lanes, nextDueInMs: NextDue.parse(next).nextDueInMs };
    },
    async record(updates, lease) {
      const { outcomes, wake } = await database.transaction((run) =>
        recordUpdates(run, updates, lease),
      );
      if (wake.length > 0) await wakeLanes(database.query, wake);
      return outcomes;
    },
    async renew(leases, leaseSeconds) {
      const rows = await database.query(
        `UPDATE lanekeeper.lane l SET due_at = lanekeeper.now() + $3 * interval '1 second'
           FROM unnest($1::text[], $2::bigint[]) AS t(lane_key, epoch)
          WHERE l.lane_key = t.lane_key AND l.epoch = t.epoch AND l.worker IS NOT NULL
            AND l.lane_key = ANY (ARRAY(
                  SELECT x.lane_key FROM lanekeeper.lane x WHERE x.lane_key = ANY ($1)
                   ORDER BY x.lane_key FOR UPDATE))
        RETURNING l.lane_key AS "laneKey", l.epoch`,
        [leases.map((lease) => lease.laneKey), leases.map((lease) => lease.epoch), leaseSeconds],
      );
      const held = new Set(rows.map((row) => keyOf(HeldLane.parse(row))));
      return leases.filter((lease) => !held.has(keyOf(lease)));
    },
    repair: () => repairLanes(database.query),
  };
}

function keyOf(lease: Lease): string {
  return `${lease.epoch} ${lease.laneKey}`;
}
