import { z } from 'zod';
import { changeStates, isFinalChange } from '../../change/state.ts';
import { assignSlots, type Candidate } from '../../lane/assign-slots.ts';
import type { Assignment, LaneUpdate, UpdateOutcome } from '../../lane/lane-store.ts';
import type { Query } from './database.ts';
import { type Move, moveJobs } from './move-jobs.ts';
import { readyNext } from './ready-next.ts';
import { BigInteger } from './rows.ts';
import { listCandidates, markStarted, startChanges } from './start-changes.ts';

const Held = z.object({ laneKey: z.string(), epoch: BigInteger, kind: z.string() });
const Moved = z.object({
  id: z.string(),
  jobId: z.string(),
  regionId: z.string(),
  vpnConnectionId: z.string(),
  laneKey: z.string().nullable(),
  from: z.enum(changeStates),
  to: z.enum(changeStates),
  lastEvent: z.number(),
});
type Moved = z.infer<typeof Moved>;

/** Outcomes in the order of the updates, and lanes elsewhere that have work now and must be woken after the commit. */
export interface Recorded {
  outcomes: readonly UpdateOutcome[];
  wake: readonly string[];
}

/**
 * Writes step results in one transaction. Rows are locked in one order everywhere, lanes by key, then jobs by id, so that
 * writers wait for each other instead of deadlocking. An update whose epoch is no longer its lane's changes nothing.
 */
export async function recordUpdates(
  run: Query,
  updates: readonly LaneUpdate[],
  lease: { worker: string; leaseSeconds: number },
): Promise<Recorded> {
  const kinds = await lockHeldLanes(run, updates);
  const held = updates.filter((update) => kinds.has(update.laneKey));
  const moved = await writeChanges(run, held);
  await writeEvents(run, held, moved);
  const roused = await readySuccessors(run, moved);
  const wanting = held.filter((update) => update.afterwards.kind === 'next');
  const candidates = await listCandidates(
    run,
    wanting.map((update) => update.laneKey),
  );
  const jobs = await moveJobs(run, {
    moves: moved.map(asMove),
    alsoLock: candidates.map((candidate) => candidate.jobId),
    stops: held.flatMap((u) =>
      u.stopsJob && u.change ? [{ jobId: u.change.jobId, reason: u.stopsJob }] : [],
    ),
  });
  const { started, parked } = assignSlots(candidates, jobs.freeSlots);
  const assignments = await startChanges(run, started);
  await markStarted(run, { started: new Set(assignments.keys()), parked, candidates });
  await writeLanes(run, held, { lease, kinds, assignments, started, moved });
  await jobs.finish(
    run,
    [...assignments.values()].map((a) => a.change.jobId),
  );
  const own = new Set(updates.map((update) => update.laneKey));
  return {
    outcomes: updates.map((update) => outcomeOf(update, kinds, assignments)),
    wake: [...new Set([...roused, ...jobs.roused])].filter((laneKey) => !own.has(laneKey)),
  };
}

function asMove({ jobId, from, to }: Moved): Move {
  return { jobId, from, to };
}

function outcomeOf(
  update: LaneUpdate,
  kinds: ReadonlyMap<string, string>,
  assignments: ReadonlyMap<string, Assignment>,
): UpdateOutcome {
  if (!kinds.has(update.laneKey)) return { kind: 'lost' };
  const assignment = assignments.get(update.laneKey);
  return assignment ? { kind: 'next', assignment } : { kind: 'written' };
}

/** The kind of each lane whose lease still is what its update says. */
async function lockHeldLanes(
  run: Query,
  updates: readonly LaneUpdate[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await run(
    `SELECT lane_key AS "laneKey", epoch, kind FROM lanekeeper.lane
      WHERE lane_key = ANY ($1) ORDER BY lane_key FOR UPDATE`,
    [updates.map((update) => update.laneKey)],
  );
  const lanes = new Map(rows.map((row) => Held.parse(row)).map((lane) => [lane.laneKey, lane]));
  const held = updates.flatMap(({ laneKey, epoch }) => {
    const lane = lanes.get(laneKey);
    return lane?.epoch === epoch ? [[laneKey, lane.kind] as const] : [];
  });
  return new Map(held);
}

async function writeChanges(run: Query, updates: readonly LaneUpdate[]): Promise<readonly Moved[]> {
  const rows = updates.flatMap(({ change, events }) =>
    change ? [{ ...change, newEvents: events.length }] : [],
  );
  if (rows.length === 0) return [];
  const moved = await run(
    `UPDATE lanekeeper.change c
        SET state = r.state, step = r.step, attempts = r.attempts, refusals = r.refusals, diff = r.diff, base = r.base,
            sealed_base_key = r."sealedBaseKey", request_digest = r."requestDigest", client_token = r."clientToken",
            result_fingerprint = r."resultFingerprint", last_error = r."lastError",
            sent_at = CASE WHEN r.state = 'queued' THEN NULL
                           WHEN r.step = 'send' THEN coalesce(c.sent_at, lanekeeper.now()) ELSE c.sent_at END,
            finished_at = CASE WHEN r.state = ANY ($2) THEN lanekeeper.now() END, events = c.events + r."newEvents"
       FROM jsonb_to_recordset($1::jsonb) AS r(
            id text, state text, step text, attempts int, refusals int, diff jsonb, base jsonb, "sealedBaseKey" text,
            "requestDigest" text, "clientToken" text, "resultFingerprint" text, "lastError" jsonb,
            "newEvents" int)
       JOIN lanekeeper.change o ON o.id = r.id
      WHERE c.id = r.id
  RETURNING c.id, c.job_id AS "jobId", c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId",
            c.lane_key AS "laneKey", o.state AS "from", c.state AS "to", c.events AS "lastEvent"`,
    [JSON.stringify(rows), changeStates.filter(isFinalChange)],
  );
  return moved.map((row) => Moved.parse(row));
}

async function writeEvents(
  run: Query,
  updates: readonly LaneUpdate[],
  moved: readonly Moved[],
): Promise<void> {
  const last = new Map(moved.map((move) => [move.id, move.lastEvent]));
  const rows = updates.flatMap(({ change, events }) =>
    events.map((event, index) => ({
      changeId: change?.id,
      jobId: change?.jobId,
      number: (last.get(change?.id ?? '') ?? 0) - events.length + index + 1,
      kind: event.kind,
      data: event.data,
    })),
  );
  if (rows.length === 0) return;
  await run(
    `INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
     SELECT r."changeId", r.number, r."jobId", lanekeeper.now(), r.kind, r.data
       FROM jsonb_to_recordset($1::jsonb) AS r("changeId" text, "jobId" text, number int, kind text, data jsonb)`,
    [JSON.stringify(rows)],
  );
}

/** Lets the next change of each connection that got free start; answers with the lanes where that is. */
async function readySuccessors(run: Query, moved: readonly Moved[]): Promise<readonly string[]> {
  const ended = moved.filter((move) => isFinalChange(move.to));
  return readyNext(run, ended);
}

interface LaneRow {
  laneKey: string;
  changeId: string | null;
  worker: string | null;
  dueInMs: number | null;
  ended: number;
}

async function writeLanes(
  run: Query,
  held: readonly LaneUpdate[],
  context: {
    lease: { worker: string; leaseSeconds: number };
    kinds: ReadonlyMap<string, string>;
    assignments: ReadonlyMap<string, Assignment>;
    started: readonly Candidate[];
    moved: readonly Moved[];
  },
): Promise<void> {
  const final = new Map(context.moved.map((move) => [move.id, isFinalChange(move.to)]));
  const tried = new Set(context.started.map((candidate) => candidate.laneKey));
  const rows = held.map((update): LaneRow => {
    const ended = update.change && final.get(update.change.id) ? 1 : 0;
    const lane = { laneKey: update.laneKey, ended };
    return { ...lane, ...placeOf(update, { ...context, tried }) };
  });
  await run(
    `UPDATE lanekeeper.lane l
        SET change_id = r."changeId", worker = r.worker, backlog = greatest(0, l.backlog - r.ended),
            due_at = CASE WHEN l.kind = 'region' AND r."dueInMs" IS NULL AND EXISTS (
                            SELECT 1 FROM lanekeeper.job_region jr
                             WHERE jr.region_id = l.region_id AND jr.resolved_at IS NULL)
                          THEN lanekeeper.now()
                          ELSE lanekeeper.now() + r."dueInMs" * interval '1 millisecond' END
       FROM jsonb_to_recordset($1::jsonb) AS r("laneKey" text, "changeId" text, worker text,
            "dueInMs" double precision, ended int)
      WHERE l.lane_key = r."laneKey"`,
    [JSON.stringify(rows)],
  );
}

/** Where the update leaves its lane: who holds it, with which change, due when (null: idle until woken). */
function placeOf(
  update: LaneUpdate,
  context: {
    lease: { worker: string; leaseSeconds: number };
    assignments: ReadonlyMap<string, Assignment>;
    tried: ReadonlySet<string>;
  },
): Pick<LaneRow, 'changeId' | 'worker' | 'dueInMs'> {
  const { worker, leaseSeconds } = context.lease;
  const leased = { worker, dueInMs: leaseSeconds * 1000 };
  const changeId = update.change?.id ?? null;
  switch (update.afterwards.kind) {
    case 'keep':
      return { ...leased, changeId };
    case 'release':
      return { worker: null, changeId, dueInMs: update.afterwards.dueInMs };
    case 'requeue':
      return { worker: null, changeId: null, dueInMs: update.afterwards.dueInMs };
    case 'next': {
      const next = context.assignments.get(update.laneKey);
      if (next) return { ...leased, changeId: next.change.id };
      // A pick that somebody cancelled under our eyes: look again at once.
      return {
        worker: null,
        changeId: null,
        dueInMs: context.tried.has(update.laneKey) ? 0 : null,
      };
    }
  }
}

/** Makes idle lanes due. Done after the commit that gave them work, so that no writer waits for lanes while it holds jobs. */
export async function wakeLanes(query: Query, laneKeys: readonly string[]): Promise<void> {
  await query(
    `UPDATE lanekeeper.lane SET due_at = lanekeeper.now()
      WHERE due_at IS NULL AND lane_key = ANY (ARRAY(
            SELECT x.lane_key FROM lanekeeper.lane x WHERE x.lane_key = ANY ($1) ORDER BY x.lane_key FOR UPDATE))`,
    [laneKeys],
  );
}
