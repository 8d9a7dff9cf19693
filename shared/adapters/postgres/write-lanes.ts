import { isFinalChange } from '../../change/state.ts';
import type { Assignment, LaneUpdate } from '../../lane/lane-store.ts';
import type { Query } from './database.ts';
import { dueAt, dueOf } from './due-at.ts';
import { isErrand } from './errands.ts';
import type { Moved } from './write-changes.ts';

/**
 * The lanes whose lease still is what their update says, with the change begun on each, and whether another one waits there
 * half done: only who holds a lane puts changes aside on it, so that the locking statement's snapshot cannot miss one.
 */
export type HeldLanes = ReadonlyMap<string, { changeId: string | null; resumes: boolean }>;

interface LaneRow {
  laneKey: string;
  changeId: string | null;
  worker: string | null;
  /** Null: idle until woken. */
  dueInMs: number | null;
  tickMs?: number | undefined;
}

interface LaneContext {
  lease: { worker: string; leaseSeconds: number };
  lanes: HeldLanes;
  assignments: ReadonlyMap<string, Assignment>;
}

/** An idle lane `l` on which something goes on again is due then; a second later where it has to wait for a slot. */
const resumeDue = `
  SELECT greatest(min(w.resume_at), lanekeeper.now() + interval '1 second')
    FROM lanekeeper.change w WHERE w.lane_key = l.lane_key AND w.resume_at IS NOT NULL HAVING count(*) > 0`;

/** Leaves each lane as its update says: with whom, with which change, and when it is due. */
export async function writeLanes(
  run: Query,
  held: readonly LaneUpdate[],
  context: LaneContext & { moved: readonly Moved[] },
): Promise<void> {
  const ended = new Set(context.moved.flatMap(({ id, to }) => (isFinalChange(to) ? [id] : [])));
  const rows = held.map((update): LaneRow => {
    const changeId = update.change?.id ?? context.lanes.get(update.laneKey)?.changeId ?? null;
    const isOver = changeId !== null && ended.has(changeId) && !isErrand(update);
    const begun = isOver ? null : changeId;
    return { laneKey: update.laneKey, ...placeOf(update, begun, context) };
  });
  await run(
    `UPDATE lanekeeper.lane l
        SET change_id = r."changeId", worker = r.worker,
            due_at = CASE WHEN l.kind = 'region' AND r."dueInMs" IS NULL AND EXISTS (
                            SELECT 1 FROM lanekeeper.job_region jr
                             WHERE jr.region_id = l.region_id AND jr.resolved_at IS NULL)
                          THEN lanekeeper.now()
                          WHEN r."dueInMs" IS NULL THEN (${resumeDue})
                          ELSE ${dueAt} END
       FROM jsonb_to_recordset($1::jsonb) AS r("laneKey" text, "changeId" text, worker text,
            "dueInMs" double precision, "tickMs" double precision)
      WHERE l.lane_key = r."laneKey"`,
    [JSON.stringify(rows)],
  );
}

/** Where the update leaves its lane: who holds it, with which change, and when it is due. */
function placeOf(
  { laneKey, change, afterwards }: LaneUpdate,
  begun: string | null,
  context: LaneContext,
): Omit<LaneRow, 'laneKey'> {
  const { worker, leaseSeconds } = context.lease;
  const leased = { worker, dueInMs: leaseSeconds * 1000 };
  switch (afterwards.kind) {
    case 'keep':
      return { ...leased, changeId: begun };
    case 'release':
      return { worker: null, changeId: begun, ...dueOf(afterwards) };
    case 'requeue':
      return { worker: null, changeId: null, ...dueOf(afterwards) };
    case 'wait':
    case 'next': {
      const next = context.assignments.get(laneKey);
      if (next) return { ...leased, changeId: next.change.id };
      // A worker that does not know of the change begun here says nothing about it: the lane comes again with it.
      if (change === null && begun !== null) return { worker: null, changeId: begun, dueInMs: 0 };
      return { worker: null, changeId: null, dueInMs: null };
    }
  }
}

/**
 * Makes idle lanes due. Done after the commit that gave them work, so that no writer waits for lanes while it holds jobs.
 * Whether a lane idles is read from the row as it is once locked: tested in WHERE, against a snapshot from before a wait,
 * a lane that its worker just gave up would be passed over.
 */
export async function wakeLanes(query: Query, laneKeys: readonly string[]): Promise<void> {
  await query(
    `UPDATE lanekeeper.lane SET due_at = coalesce(due_at, lanekeeper.now())
      WHERE lane_key = ANY (ARRAY(
            SELECT x.lane_key FROM lanekeeper.lane x WHERE x.lane_key = ANY ($1) ORDER BY x.lane_key FOR UPDATE))`,
    [laneKeys],
  );
}
