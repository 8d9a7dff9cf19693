import { isFinalChange } from '../../../shared/change/state.ts';
import { endOf, mustStop } from '../../../shared/job/outcome.ts';
import { windowClosed } from '../../../shared/job/window.ts';
import { assignSlots } from '../../../shared/lane/assign-slots.ts';
import type {
  Assignment,
  Due,
  LaneStore,
  LaneUpdate,
  UpdateOutcome,
} from '../../../shared/lane/lane-store.ts';
import { laterBy } from '../../../shared/platform/duration.ts';
import { assignmentOf } from './assignments.ts';
import { callForSeal } from './journal-store.ts';
import {
  cancelWaiting,
  candidatesOf,
  compareText,
  countsOf,
  freeSlotsOf,
  hasUnresolved,
  openErrand,
  slotsToStart,
  waitingOn,
  wakeIdleLanes,
} from './queues.ts';
import { openBatches } from './rollout.ts';
import type { StoredChange, StoredLane, Tables } from './tables.ts';

/** An update whose lease stands, with its lane. */
interface HeldUpdate {
  update: LaneUpdate;
  lane: StoredLane;
}

/** Writes the results of steps; see the port. */
export function recordUpdates(
  tables: Tables,
  updates: readonly LaneUpdate[],
  lease: { worker: string; leaseSeconds: number },
): Awaited<ReturnType<LaneStore['record']>> {
  const held = updates.flatMap((update) => heldUpdate(tables, update) ?? []);
  const wanting = held.filter(wantsNext).map(({ lane }) => lane);
  // What is put aside by this very call does not go on at once.
  const resumable = new Map(wanting.map(({ laneKey }) => [laneKey, waitingOn(tables, laneKey)]));
  for (const { update } of held) writeChange(tables, update);
  stopJobs(tables, held);
  const ended = held.flatMap(({ update: { change } }) =>
    change !== null && isFinalChange(change.state) ? (tables.jobs.get(change.jobId) ?? []) : [],
  );
  for (const job of new Set(ended)) if (!job.isStopping) openBatches(tables, job);
  const assignments = startNext(tables, wanting, resumable);
  for (const each of held) placeLane(tables, each, assignments.get(each.lane.laneKey), lease);
  const returning = held.flatMap((each) => placeErrand(tables, each));
  sealAgain(tables, held);
  endJobs(tables);
  const here = new Set(held.map(({ lane }) => lane.laneKey));
  const woken = [...returning, ...wakeIdleLanes(tables)].filter((laneKey) => !here.has(laneKey));
  const outcomes = updates.map((update): UpdateOutcome => {
    if (!held.some((each) => each.update === update)) return { kind: 'lost' };
    const assignment = assignments.get(update.laneKey);
    return assignment ? { kind: 'next', assignment } : { kind: 'written' };
  });
  return { outcomes, woke: woken.length > 0 };
}

function heldUpdate(tables: Tables, update: LaneUpdate): HeldUpdate | null {
  const lane = tables.lanes.get(update.laneKey);
  if (lane === undefined || !tables.isHeld(update)) return null;
  if (update.change !== null && update.change.id !== lane.changeId) return null;
  if (lane.kind !== 'change' || !isVoid(tables, update)) return { update, lane };
  Object.assign(lane, { dueAt: tables.now(), worker: null, epoch: lane.epoch + 1 });
  return null;
}

/** Whether the change was ended by somebody else while its errand was under way. */
function isVoid(tables: Tables, { change }: LaneUpdate): boolean {
  const state = tables.changes.get(change?.id ?? '')?.record.state;
  return state !== undefined && isFinalChange(state) && state !== change?.state;
}

/** Whether the lane takes another change. One whose change is not mentioned keeps that one: it has not ended. */
function wantsNext({ update: { change, afterwards }, lane }: HeldUpdate): boolean {
  if (lane.kind === 'change') return false;
  if (afterwards.kind === 'wait') return true;
  return afterwards.kind === 'next' && (change !== null || lane.changeId === null);
}

function dueAtOf(tables: Tables, { dueInMs, tickMs }: Due): number {
  const at = tables.now() + dueInMs;
  return tickMs === undefined ? at : Math.ceil(at / tickMs) * tickMs;
}

function writeChange(tables: Tables, update: LaneUpdate): void {
  const { change, events, afterwards, keysKeptFor } = update;
  const stored = change === null ? undefined : tables.changes.get(change.id);
  if (change === null || stored === undefined) return;
  const before = stored.record;
  const { id: _, jobId: __, ...progress } = change;
  const isUnsent = change.state === 'queued' || change.step === 'read';
  const sentAt = change.step === 'send' ? (before.sentAt ?? tables.stamp()) : before.sentAt;
  const isPartApplied = change.settledAttempts > before.settledAttempts;
  stored.record = {
    ...before,
    ...progress,
    sentAt: isUnsent ? null : sentAt,
    partAppliedAt: isPartApplied ? tables.stamp() : before.partAppliedAt,
    finishedAt: isFinalChange(change.state) ? (before.finishedAt ?? tables.stamp()) : null,
  };
  const isRefutedLate = before.finishedAt !== null && before.verdict === 'latent';
  const job = tables.jobs.get(before.jobId);
  if (isRefutedLate && change.verdict === 'refuted' && job) job.refuted += 1;
  if (update.isBorne === true && job) job.maxErrors += 1;
  stored.resumeAt = afterwards.kind === 'wait' ? dueAtOf(tables, afterwards) : null;
  if (keysKeptFor !== undefined)
    stored.keysKeptUntil = Date.parse(laterBy(tables.stamp(), keysKeptFor));
  for (const { kind, data } of events) tables.journal(stored, kind, data);
}

/** Lets the failure policy act: what waits of a job that stops is cancelled before anything more of it can start. */
function stopJobs(tables: Tables, held: readonly HeldUpdate[]): void {
  for (const job of tables.jobs.values()) {
    if (job.state !== 'running' && job.state !== 'paused') continue;
    const said = held.find(
      ({ update }) => update.change?.jobId === job.id && update.stopsJob !== undefined,
    );
    job.isStopping ||= said !== undefined || mustStop(countsOf(tables, job.id), job);
    job.reason ??= said?.update.stopsJob ?? null;
    const { notAfter } = job.settings.window;
    const error = job.isWindowClosed && notAfter !== null ? windowClosed(notAfter) : undefined;
    if (job.isStopping && cancelWaiting(tables, job.id, { error }) > 0)
      job.reason ??= 'stopped: more changes failed than the plan allows';
  }
}

/** Gives slots first to what waits half done, then to what has not begun; at most one change for each lane. */
function startNext(
  tables: Tables,
  wanting: readonly StoredLane[],
  resumable: ReadonlyMap<string, readonly StoredChange[]>,
): ReadonlyMap<string, Assignment> {
  const started = new Map<string, Assignment>();
  for (const { laneKey } of [...wanting].sort((a, b) => compareText(a.laneKey, b.laneKey))) {
    const [first] = resumable.get(laneKey) ?? [];
    const job = tables.jobs.get(first?.record.jobId ?? '');
    if (!first || !job || (first.resumeAt ?? Infinity) > tables.now()) continue;
    if (freeSlotsOf(tables, job) <= 0) continue;
    first.resumeAt = null;
    const isGoingBack = first.record.handover.direction === 'back';
    const state = isGoingBack ? 'rolling_back' : 'applying';
    first.record = { ...first.record, state, step: 'read' };
    started.set(laneKey, assignmentOf(tables, first));
  }
  const open = new Set(wanting.flatMap(({ laneKey }) => (started.has(laneKey) ? [] : [laneKey])));
  // One after the other: what backs up a change that was just started is no candidate any more.
  for (;;) {
    const slots = new Map(
      [...tables.jobs.values()].map((job) => [job.id, slotsToStart(tables, job)]),
    );
    const candidates = candidatesOf(tables).filter(({ laneKey }) => open.has(laneKey));
    const [first] = assignSlots(candidates, slots).started;
    const change = first && tables.changes.get(first.changeId);
    if (!first || !change) break;
    const { laneKey } = first;
    const startedAt = change.record.startedAt ?? tables.stamp();
    change.record = { ...change.record, state: 'applying', step: 'read', startedAt };
    tables.journal(change, 'started', { lane: laneKey });
    started.set(laneKey, assignmentOf(tables, change));
    open.delete(laneKey);
  }
  return started;
}

/** Leaves the lane as the update says. */
function placeLane(
  tables: Tables,
  { update: { change, afterwards }, lane }: HeldUpdate,
  assignment: Assignment | undefined,
  { leaseSeconds, worker }: { worker: string; leaseSeconds: number },
): void {
  const hasEnded = change !== null && isFinalChange(change.state);
  const begun = hasEnded && lane.kind !== 'change' ? null : (change?.id ?? lane.changeId);
  const leased = { worker, dueAt: tables.now() + leaseSeconds * 1_000 };
  const free = { worker: null, changeId: null };
  switch (afterwards.kind) {
    case 'keep':
      Object.assign(lane, leased, { changeId: begun });
      return;
    case 'release':
      Object.assign(lane, { ...free, changeId: begun, dueAt: dueAtOf(tables, afterwards) });
      return;
    case 'requeue':
      Object.assign(lane, { ...free, dueAt: dueAtOf(tables, afterwards) });
      return;
    default:
      if (assignment) Object.assign(lane, leased, { changeId: assignment.change.id });
      // A worker that does not know of the change begun here says nothing about it: the lane comes again with it.
      else if (change === null && begun !== null)
        Object.assign(lane, { ...free, changeId: begun, dueAt: tables.now() });
      else Object.assign(lane, { ...free, dueAt: idleUntil(tables, lane) });
  }
}

/** What is told of a job that has ended is to be sealed with all the rest. */
function sealAgain(tables: Tables, held: readonly HeldUpdate[]): void {
  for (const { update, lane } of held) {
    const job = tables.jobs.get(update.change?.jobId ?? '');
    const isTold = lane.kind === 'change' && update.events.length > 0;
    if (isTold && job?.finishedAt) callForSeal(tables, job);
  }
}

/** Closes the errand that is over, and opens the one that the update asks for. Gives the lane on which its change goes on. */
function placeErrand(
  tables: Tables,
  { update: { change, errand, afterwards }, lane }: HeldUpdate,
): readonly string[] {
  const isOver = afterwards.kind !== 'keep' && afterwards.kind !== 'release';
  if (lane.kind === 'change' && isOver) tables.lanes.delete(lane.laneKey);
  if (change && errand)
    openErrand(tables, { id: change.id, regionId: lane.regionId }, dueAtOf(tables, errand));
  const home = tables.lanes.get(tables.changes.get(change?.id ?? '')?.record.laneKey ?? '');
  if (lane.kind !== 'change' || afterwards.kind !== 'wait' || !home) return [];
  home.dueAt ??= tables.now();
  return [home.laneKey];
}

/** When a lane without a change is due: as soon as what waits there half done goes on, in a second if that lacks a slot. */
function idleUntil(tables: Tables, { laneKey, kind, regionId }: StoredLane): number | null {
  if (kind === 'region') return hasUnresolved(tables, regionId) ? tables.now() : null;
  const [first] = waitingOn(tables, laneKey);
  return first ? Math.max(first.resumeAt ?? 0, tables.now() + 1_000) : null;
}

function endJobs(tables: Tables): void {
  for (const job of tables.jobs.values()) {
    if (job.state !== 'running' && job.state !== 'paused') continue;
    const end = endOf(countsOf(tables, job.id), job);
    if (end === null) continue;
    job.state = end;
    job.pauseReason = null;
    job.finishedAt = tables.stamp();
    callForSeal(tables, job);
  }
}
