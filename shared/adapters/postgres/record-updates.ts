import { z } from 'zod';
import { isFinalChange } from '../../change/state.ts';
import type { Assignment, LaneUpdate, UpdateOutcome } from '../../lane/lane-store.ts';
import { freedLanes, landedIn, noteWaits } from './companions.ts';
import type { Query } from './database.ts';
import { dueAt } from './due-at.ts';
import { endsErrand, isErrand, lockErrandJobs, toldLate, writeErrands } from './errands.ts';
import { type JobBearings, type LockedJobs, lockJobs, moveJobs, type Start } from './move-jobs.ts';
import { type ConnectionKey, markHeads, readyNext } from './ready-next.ts';
import { resumeChanges } from './resume-changes.ts';
import { BigInteger } from './rows.ts';
import { startApart } from './start-apart.ts';
import { listCandidates, markLanes, type RankedCandidate } from './start-changes.ts';
import { tendJobs } from './tend-jobs.ts';
import { type Moved, writeChanges } from './write-changes.ts';
import { type HeldLanes, writeLanes } from './write-lanes.ts';

const HeldRow = z.object({
  laneKey: z.string(),
  epoch: BigInteger,
  changeId: z.string().nullable(),
  resumes: z.boolean(),
});

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
  { commit, ...lease }: { worker: string; leaseSeconds: number; commit: () => void },
): Promise<Recorded> {
  const [locked, lockedJobs] = await Promise.all([
    lockHeldLanes(run, updates),
    lockJobsAhead(run, updates),
  ]);
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
    locked: lockedJobs,
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
  const last = Promise.all([
    jobs.finish(run, [...startsOf('verifying', resumed), ...startsOf('queued', fresh)]),
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
  commit();
  const [unparked, noLongerHeld] = await last;
  const back = new Set(held.filter(goesBack).map(({ change }) => change?.id));
  const returning = moved.filter(({ id }) => back.has(id)).map(({ laneKey }) => laneKey);
  return {
    outcomes: updates.map((update) => outcomeOf(update, lanes, assignments)),
    wake: [...new Set([...ready, ...unparked, ...noLongerHeld, ...returning])].filter(
      (laneKey) => !lanes.has(laneKey),
    ),
  };
}

function startsOf(
  from: Start['from'],
  assignments: ReadonlyMap<string, Assignment>,
): readonly Start[] {
  return [...assignments.values()].map(({ change: { jobId, state } }) => {
    return { jobId, from, to: state };
  });
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

/**
 * Locks all jobs that results may concern after which lanes go on with other changes: that takes no way to the server of its own. Null
 * where there are none, or errands, whose jobs are known only once their changes are read.
 */
async function lockJobsAhead(
  run: Query,
  updates: readonly LaneUpdate[],
): Promise<LockedJobs | null> {
  const goOn = updates.some(
    ({ afterwards, change }) =>
      afterwards.kind === 'next' || afterwards.kind === 'wait' || change?.state === 'queued',
  );
  if (!goOn || updates.some(isErrand)) return null;
  const jobIds = updates.flatMap(({ change }) => change?.jobId ?? []);
  return lockJobs(
    run,
    jobIds,
    updates.map(({ laneKey }) => laneKey),
  );
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
