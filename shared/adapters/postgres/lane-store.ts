import { z } from 'zod';
import type { Assignment, ClaimedLane, LaneStore, Lease } from '../../lane/lane-store.ts';
import { type AssignmentMemory, createAssignmentMemory } from './assignment-memory.ts';
import { assignmentColumns, parseAssignment } from './assignments.ts';
import type { Database, Query } from './database.ts';
import { eraseKeys } from './errands.ts';
import { recordUpdates } from './record-updates.ts';
import { repairLanes } from './repair-lanes.ts';
import { BigInteger } from './rows.ts';
import { tendJob } from './tend-job.ts';
import { wakeLanes } from './write-lanes.ts';

const ClaimedRow = z.object({
  laneKey: z.string(),
  kind: z.enum(['gateway', 'connection', 'region', 'job', 'change', 'notice']),
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
  memory: AssignmentMemory,
): ReturnType<LaneStore['claim']> {
  const { limit, leaseSeconds, worker } = request;
  const claimed = limit > 0 ? await query(claimStatement, [limit, leaseSeconds, worker]) : [];
  const rows = claimed.map((row) => ClaimedRow.parse(row));
  const [assignments, nextDueInMs] = await Promise.all([
    assignmentsOf(query, rows, memory),
    nextDueBeside(query, rows),
  ]);
  const lanes = rows.map(({ changeId, ...lane }): ClaimedLane => {
    return { ...lane, assignment: changeId === null ? null : (assignments.get(changeId) ?? null) };
  });
  return { lanes, nextDueInMs };
}

/** When the next lane is due that is none of these, in milliseconds; null when none is. */
async function nextDueBeside(
  query: Query,
  lanes: readonly { laneKey: string }[],
): Promise<number | null> {
  const [next] = await query(
    `SELECT extract(epoch FROM min(due_at) - lanekeeper.now()) * 1000 AS "nextDueInMs"
       FROM lanekeeper.lane WHERE due_at IS NOT NULL AND lane_key <> ALL ($1)`,
    [lanes.map(({ laneKey }) => laneKey)],
  );
  return NextDue.parse(next).nextDueInMs;
}

/** The changes begun on freshly claimed lanes, by id: remembered, or read. */
async function assignmentsOf(
  query: Query,
  lanes: readonly z.infer<typeof ClaimedRow>[],
  memory: AssignmentMemory,
): Promise<ReadonlyMap<string, Assignment>> {
  const begun = lanes.flatMap(({ changeId, ...lane }) =>
    changeId === null ? [] : [{ lane, changeId }],
  );
  const recalled = begun.flatMap(({ lane, changeId }) => memory.recall(lane, changeId) ?? []);
  const assignments = new Map(recalled.map((each) => [each.change.id, each]));
  const unknown = begun.map(({ changeId }) => changeId).filter((id) => !assignments.has(id));
  const loaded = unknown.length > 0 ? await query(loadStatement, [unknown]) : [];
  for (const each of loaded.map(parseAssignment)) assignments.set(each.change.id, each);
  for (const { lane, changeId } of begun) {
    const assignment = assignments.get(changeId);
    if (assignment) memory.claimed(lane, assignment);
  }
  return assignments;
}

/** The lane store on PostgreSQL, embedded or served. Times are the database's; deadlines are the worker's own. */
export function createPgLaneStore(database: Database): LaneStore {
  const memory = createAssignmentMemory();
  return {
    claim: (request) => claimLanes(database.query, request, memory),
    async record(updates, lease) {
      for (const { laneKey, change } of updates) if (change !== null) memory.forget(laneKey);
      const { outcomes, wake } = await database.transaction((run, commit) =>
        recordUpdates(run, updates, { ...lease, commit }),
      );
      if (wake.length > 0) await wakeLanes(database.query, wake);
      return { outcomes, woke: wake.length > 0 };
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
    async tendJob(lease, jobId) {
      const { duty, wake } = await database.transaction((run) => tendJob(run, lease, jobId));
      if (wake.length > 0) await wakeLanes(database.query, wake);
      return duty;
    },
    eraseKeys: () => database.transaction(eraseKeys),
    repair: () => repairLanes(database.query),
  };
}

function keyOf(lease: Lease): string {
  return `${lease.epoch} ${lease.laneKey}`;
}
