import { z } from 'zod';
import type { JournalEvent } from '../../change/record.ts';
import { changeStates, isFinalChange } from '../../change/state.ts';
import type { Assignment, Due, LaneUpdate, UpdateOutcome } from '../../lane/lane-store.ts';
import { canonicalJson } from '../../platform/canonical.ts';
import { freedLanes, landedIn, noteWaits } from './companions.ts';
import type { Query } from './database.ts';
import { endsErrand, isErrand, lockErrandJobs, toldLate, writeErrands } from './errands.ts';
import { type JobBearings, moveJobs } from './move-jobs.ts';
import { type ConnectionKey, markHeads, readyNext } from './ready-next.ts';
import { resumeChanges } from './resume-changes.ts';
import { BigInteger } from './rows.ts';
import { startApart } from './start-apart.ts';
import { listCandidates, markLanes, type RankedCandidate } from './start-changes.ts';
import { tendJobs } from './tend-jobs.ts';

const HeldRow = z.object({
  laneKey: z.string(),
  epoch: BigInteger,
  changeId: z.string().nullable(),
  resumes: z.boolean(),
});

/**
 * The lanes whose lease still is what their update says, with the change begun on each, and whether another one waits there
 * half done: only who holds a lane puts changes aside on it, so that the locking statement's snapshot cannot miss one.
 */
type HeldLanes = ReadonlyMap<string, { changeId: string | null; resumes: boolean }>;

const Moved = z.object({
  id: z.string(),
  jobId: z.string(),
  seq: z.number(),
  regionId: z.string(),
  vpnConnectionId: z.string(),
  laneKey: z.string(),
  from: z.enum(changeStates),
  to: z.enum(changeStates),
  /** It had ended well, and the other side turns out not to have it. */
  isRefutedLate: z.boolean(),
});
type Moved = z.infer<typeof Moved>;

/** Outcomes in the order of the updates, and lanes elsewhere that have work now and must be woken after the commit. */
export interface Recorded {
  outcomes: readonly UpdateOutcome[];
  wake: readonly string[];
}

/**
 * Writes step results in one transaction. Rows are locked in one order everywhere, lanes by key, then jobs by id, so that
 * writers wait for each other instead of deadlocking. Whatever is decided about what starts is read after both locks:
 * earlier, it could have changed while we waited. An update whose epoch is no longer its lane's changes nothing.
 */
export async function recordUpdates(
  run: Query,
  updates: readonly LaneUpdate[],
  lease: { worker: string; leaseSeconds: number },
): Promise<Recorded> {
  const locked = await lockHeldLanes(run, updates);
  const gone = await lockErrandJobs(
    run,
    updates.filter((update) => locked.has(update.laneKey)),
  );
  const lanes = new Map([...locked].filter(([laneKey]) => !gone.has(laneKey)));
  const held = updates.filter((update) => lanes.has(update.laneKey));
  const moved = await writeChanges(run, held);
  const told = toldLate(held);
  const left = moved.filter((move) => isFinalChange(move.to) || move.to === 'queued');
  const wanting = held.filter((update) => wantsNext(update, lanes)).map(({ laneKey }) => laneKey);
  const jobs = await moveJobs(run, {
    moves: moved,
    laneKeys: [...wanting, ...left.map(({ laneKey }) => laneKey)],
    retold: told,
    ...bearingsOf(held, moved),
  });
  const resuming = wanting.filter((laneKey) => lanes.get(laneKey)?.resumes);
  const resumed = await resumeChanges(run, resuming, jobs.slots);
  const { ready, candidates } = await openNext(
    run,
    [...left, ...jobs.freed],
    wanting.filter((laneKey) => !resumed.has(laneKey)),
  );
  const { fresh, parked } = await startApart(run, candidates, jobs);
  const assignments = new Map([...resumed, ...fresh]);
  const idle = wanting.filter((laneKey) => !assignments.has(laneKey));
  // None of these needs the answer of another: they travel together.
  const [unparked, noLongerHeld] = await Promise.all([
    jobs.finish(run, [
      ...[...resumed.values()].map(({ change }) => ({
        jobId: change.jobId,
        from: 'verifying' as const,
        to: change.state,
      })),
      ...[...fresh.values()].map(({ change }) => ({
        jobId: change.jobId,
        from: 'queued' as const,
        to: change.state,
      })),
    ]),
    jobs.companions.matter ? freedLanes(run, landedIn(moved)) : [],
    markLanes(run, {
      started: [...fresh.values()],
      requeued: moved.filter((move) => move.to === 'queued'),
      parked,
    }),
    writeLanes(
      run,
      held.filter((update) => !endsErrand(update)),
      { lease, lanes, assignments, moved },
    ),
    writeErrands(run, held, dueAt),
    tendJobs(run, told),
    noteWaits(run, idle, jobs.companions),
  ]);
  const back = new Set(held.filter(goesBack).map(({ change }) => change?.id));
  const returning = moved.filter(({ id }) => back.has(id)).map(({ laneKey }) => laneKey);
  return {
    outcomes: updates.map((update) => outcomeOf(update, lanes, assignments)),
    wake: [...new Set([...ready, ...unparked, ...noLongerHeld, ...returning])].filter(
      (laneKey) => !lanes.has(laneKey),
    ),
  };
}

/** What the updates mean for whole jobs, besides the states of their changes. */
function bearingsOf(held: readonly LaneUpdate[], moved: readonly Moved[]): JobBearings {
  return {
    refuted: moved.flatMap(({ jobId, isRefutedLate }) => (isRefutedLate ? [jobId] : [])),
    borne: held.flatMap(({ change, isBorne }) => (change && isBorne ? [change.jobId] : [])),
    stops: held.flatMap(({ change, stopsJob }) =>
      stopsJob && change ? [{ jobId: change.jobId, reason: stopsJob }] : [],
    ),
  };
}

/** Whether a change that was off its lane, half done, goes on there. */
function goesBack(update: LaneUpdate): boolean {
  return isErrand(update) && update.afterwards.kind === 'wait';
}

/** Whether the lane takes another change. One whose change is not mentioned keeps that one: it has not ended. */
function wantsNext(update: LaneUpdate, lanes: HeldLanes): boolean {
  const { laneKey, change, afterwards } = update;
  if (isErrand(update)) return false;
  const keepsAnother = change === null && lanes.get(laneKey)?.changeId !== null;
  return (afterwards.kind === 'next' && !keepsAnother) || afterwards.kind === 'wait';
}

function outcomeOf(
  update: LaneUpdate,
  lanes: HeldLanes,
  assignments: ReadonlyMap<string, Assignment>,
): UpdateOutcome {
  if (!lanes.has(update.laneKey)) return { kind: 'lost' };
  const assignment = assignments.get(update.laneKey);
  return assignment ? { kind: 'next', assignment } : { kind: 'written' };
}

/** Locks the lanes. An update with another epoch than its lane's, or with another change than the lane's, is not held. */
async function lockHeldLanes(run: Query, updates: readonly LaneUpdate[]): Promise<HeldLanes> {
  const rows = await run(
    `SELECT lane_key AS "laneKey", epoch, change_id AS "changeId", EXISTS (
            SELECT 1 FROM lanekeeper.change w WHERE w.lane_key = l.lane_key AND w.resume_at IS NOT NULL) AS resumes
       FROM lanekeeper.lane l WHERE lane_key = ANY ($1) ORDER BY lane_key FOR UPDATE OF l`,
    [updates.map((update) => update.laneKey)],
  );
  const lanes = new Map(rows.map((row) => HeldRow.parse(row)).map((lane) => [lane.laneKey, lane]));
  const held = updates.flatMap(({ laneKey, epoch, change }) => {
    const lane = lanes.get(laneKey);
    if (lane?.epoch !== epoch || (change !== null && change.id !== lane.changeId)) return [];
    return [[laneKey, { changeId: lane.changeId, resumes: lane.resumes }] as const];
  });
  return new Map(held);
}

/** An event as the journal chains it: its data as canonical text, which jsonb would not keep. */
function chainable({ kind, data }: JournalEvent): { kind: string; data: string } {
  return { kind, data: canonicalJson(data) };
}

/** Writes each change as its step left it, and its events after those that are there. */
async function writeChanges(run: Query, updates: readonly LaneUpdate[]): Promise<readonly Moved[]> {
  const rows = updates.flatMap(({ change, events, afterwards, keysKeptFor }) => {
    if (!change) return [];
    const resume = afterwards.kind === 'wait' ? dueOf(afterwards) : { dueInMs: null };
    return [{ ...change, ...resume, keysKeptFor, events: events.map(chainable) }];
  });
  if (rows.length === 0) return [];
  const moved = await run(
    `WITH c AS (
       UPDATE lanekeeper.change c
          SET state = r.state, step = r.step, attempts = r.attempts, refusals = r.refusals, diff = r.diff, base = r.base,
              sealed_base_keys = r."sealedBaseKeys", sealed_made_keys = r."sealedMadeKeys",
              sealed_previous_keys = r."sealedPreviousKeys", handover = r.handover, verdict = r.verdict, tunnels = r.tunnels, part = r.part,
              request_digest = r."requestDigest", client_token = r."clientToken",
              result_fingerprint = r."resultFingerprint", last_error = r."lastError",
              ready = c.ready AND r.state <> 'queued', -- an older job may have come before it meanwhile
              settled_attempts = r."settledAttempts", resume_at = ${dueAt},
              part_applied_at = CASE WHEN r."settledAttempts" > c.settled_attempts THEN lanekeeper.now()
                                     ELSE c.part_applied_at END,
              sent_at = CASE WHEN r.state = 'queued' OR r.step = 'read' THEN NULL -- nothing of the next part is sent
                             WHEN r.step = 'send' THEN coalesce(c.sent_at, lanekeeper.now()) ELSE c.sent_at END,
              finished_at = CASE WHEN r.state = ANY ($2) THEN coalesce(c.finished_at, lanekeeper.now()) END,
              keys_kept_until = coalesce(lanekeeper.now() + r."keysKeptFor"::interval, c.keys_kept_until),
              events = c.events + jsonb_array_length(r.events)
         FROM jsonb_to_recordset($1::jsonb) AS r(
              id text, state text, step text, attempts int, refusals int, diff jsonb, base jsonb,
              "sealedBaseKeys" jsonb, "sealedMadeKeys" jsonb, "sealedPreviousKeys" jsonb, handover jsonb, verdict text, tunnels jsonb, part text, "settledAttempts" int, "requestDigest" text,
              "clientToken" text, "resultFingerprint" text, "lastError" jsonb, "keysKeptFor" text, events jsonb,
              "dueInMs" double precision, "tickMs" double precision)
         JOIN lanekeeper.change o ON o.id = r.id
        WHERE c.id = r.id
    RETURNING c.id, c.job_id, c.seq, c.region_id, c.vpn_connection_id, c.lane_key, o.state AS before, c.state, o.events AS known,
              r.events,
              o.finished_at IS NOT NULL AND o.verdict = 'latent' AND r.verdict = 'refuted' AS refuted_late),
     journal AS (
       INSERT INTO lanekeeper.journal (change_id, number, job_id, at, kind, data)
       SELECT c.id, c.known + e.number, c.job_id, lanekeeper.now(), e.event->>'kind', (e.event->>'data')::json
         FROM c CROSS JOIN LATERAL jsonb_array_elements(c.events) WITH ORDINALITY AS e(event, number)
        ORDER BY c.id, e.number)
     SELECT c.id, c.job_id AS "jobId", c.seq, c.region_id AS "regionId", c.vpn_connection_id AS "vpnConnectionId",
            c.lane_key AS "laneKey", c.before AS "from", c.state AS "to", coalesce(c.refuted_late, false) AS "isRefutedLate" FROM c`,
    [JSON.stringify(rows), changeStates.filter(isFinalChange)],
  );
  return moved.map((row) => Moved.parse(row));
}

/**
 * Lets the next changes of these connections take their turn, and lists what the lanes could start then. Where that has to
 * be looked at again, the lists are too.
 */
async function openNext(
  run: Query,
  connections: readonly ConnectionKey[],
  laneKeys: readonly string[],
): Promise<{ ready: readonly string[]; candidates: readonly RankedCandidate[] }> {
  const [heads, candidates] = await Promise.all([
    markHeads(run, connections),
    listCandidates(run, laneKeys),
  ]);
  if (heads.missed.length === 0) return { ready: heads.ready, candidates };
  const ready = [...heads.ready, ...(await readyNext(run, heads.missed))];
  return { ready, candidates: await listCandidates(run, laneKeys) };
}

/** When a row's `dueInMs` and `tickMs` lead to; NULL for no time. */
const dueAt = `
  CASE WHEN r."tickMs" IS NULL THEN lanekeeper.now() + r."dueInMs" * interval '1 millisecond'
       ELSE to_timestamp(r."tickMs" / 1000 * ceil(
              (extract(epoch FROM lanekeeper.now()) * 1000 + r."dueInMs") / r."tickMs")) END`;

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

async function writeLanes(
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

function dueOf({ dueInMs, tickMs }: Due): Pick<LaneRow, 'dueInMs' | 'tickMs'> {
  return { dueInMs, tickMs };
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
