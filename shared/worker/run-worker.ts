import { jobOnLane } from '../journal/journal-store.ts';
import type {
  ClaimedLane,
  LaneStore,
  LaneUpdate,
  ResolveStore,
  UpdateOutcome,
} from '../lane/lane-store.ts';
import type { WorkerWaker } from '../lane/worker-waker.ts';
import { createGatherer } from '../platform/gather.ts';
import type { Ids } from '../platform/id.ts';
import { advanceLane } from './advance-lane.ts';
import { createHands } from './hands.ts';
import { shortestTick, thisTick, tickOf } from './look.ts';
import { createNap } from './nap.ts';
import { resolveRegion } from './resolve-region.ts';
import { type SealDeps, tendJob } from './seal-job.ts';
import { untilTick } from './settle-times.ts';
import type { HeldLane, Recorder, SendNotice, StepDeps } from './worker-deps.ts';

/** What a worker run needs. */
export interface WorkerDeps extends StepDeps, SealDeps {
  lanes: LaneStore;
  resolving: ResolveStore;
  waker: WorkerWaker;
  /** Makes the ids of changes that come of selectors. */
  ids: Pick<Ids, 'change'>;
  /** Name of this run, for leases and logs. */
  worker: string;
  /** Absent where nobody is notified and no room has a job's card: then there are no notices. */
  sendNotice?: SendNotice;
  /** How long step results gather before they are written together. */
  lingerMs: number;
  /** Resolves when there may be new work, so that a sleeping run looks at once; absent where nobody can tell. */
  onHint?: (signal: AbortSignal) => Promise<void>;
}

/** Why a run ended, and when there is something to do again (null: nothing is due). */
export interface RunEnd {
  reason: 'idle' | 'budget' | 'stopped';
  nextDueInMs: number | null;
}

/** Between looks into an idle database. */
const idlePollMs = 250;
/** The part of a lease that is never used for sending. */
const leaseMarginShare = 0.2;
const databasePauseMs = 1_000;

/**
 * Runs a worker: claims due lanes, advances them, and sleeps until the next is due. Ends when nothing is due soon, when
 * its budget is spent, or when `stop` aborts; then it gives back what it holds and wakes the next run if work is left.
 * A database that cannot be reached is tried again until the budget is spent.
 */
export function runWorker(deps: WorkerDeps, stop: AbortSignal): Promise<RunEnd> {
  return startWorker(deps, stop).over;
}

/** A run that was begun. */
export interface StartedRun {
  /** Resolves when nothing but notices is held: who starts the next run himself may do so now. */
  handedOver: Promise<RunEnd>;
  /** Resolves when the last notices are sent too. Rejects as `handedOver` does. */
  over: Promise<RunEnd>;
}

/** Begins a run of a worker, as `runWorker` has it. */
export function startWorker(deps: WorkerDeps, stop: AbortSignal): StartedRun {
  const run = createRun(deps, stop);
  const renewing = run.keepLeases();
  const handedOver = handOver(deps, run);
  const finish = async (): Promise<RunEnd> => {
    const end = await handedOver;
    await run.drain();
    await renewing;
    await Promise.all([deps.tally.flush(), deps.tracer.flush()]);
    deps.logger.debug('worker run ended', { worker: deps.worker, ...end });
    return end;
  };
  return { handedOver, over: finish() };
}

async function handOver(deps: WorkerDeps, run: Run): Promise<RunEnd> {
  const end = await run.loop();
  await run.giveBack();
  if (end.reason !== 'idle') end.nextDueInMs = await askNextDue(deps);
  // Before the last notices are sent: changes do not wait for whoever is told of something.
  await wakeNext(deps, end.nextDueInMs);
  return end;
}

async function wakeNext({ clock, worker, waker, logger }: WorkerDeps, dueInMs: number | null) {
  if (dueInMs === null) return;
  // Rounded up: whoever is woken early is paid for waiting.
  const delaySeconds = dueInMs < 1_000 ? 0 : Math.ceil(dueInMs / 1_000);
  const cause = `${worker}-${clock.now()}`;
  await waker.wake({ delaySeconds, cause }).catch((error: unknown) => {
    logger.warn('the next worker could not be woken', { error });
  });
}

interface Run {
  loop(): Promise<RunEnd>;
  keepLeases(): Promise<void>;
  /** Resolves when nothing but notices is held. */
  giveBack(): Promise<void>;
  drain(): Promise<void>;
}

function createRun(deps: WorkerDeps, stop: AbortSignal): Run {
  const { clock, settings, lanes, worker } = deps;
  const hands = createHands(settings.concurrency);
  const { held } = hands;
  const ended = new AbortController();
  const startedAt = clock.monotonic();
  const nap = createNap(deps, stop);

  const leaseMs = settings.leaseSeconds * 1_000 * (1 - leaseMarginShare);
  const record = createRecorder(deps, { held, leaseMs, onWoken: () => nap.interrupt() });

  function start(claimed: ClaimedLane, claimedAt: number): void {
    const { assignment: _, ...lease } = claimed;
    // A change that was begun held its lane all along: looks of this tick saw it so.
    const since = claimed.assignment ? thisTick(deps, tickOf(deps, claimed)) : claimedAt;
    const lane = { ...lease, since, deadline: claimedAt + leaseMs, preparedHere: null };
    const { laneKey } = lane;
    held.set(laneKey, lane);
    const work = async (): Promise<void> => {
      try {
        await advance(deps, record, lane, claimed);
        // Resolving may have released a job: its lanes are due now, not on the next tick.
        if (lane.kind === 'region') nap.interrupt();
      } catch (error) {
        // The lease runs out and the lane is claimed again: what was sent is read back first.
        deps.logger.error('lane could not be advanced', { laneKey, error });
      } finally {
        const wasFull = hands.free() <= 0;
        if (held.get(laneKey) === lane) held.delete(laneKey);
        // With nothing in its hands a run may be over: every moment of waiting for that is paid for.
        if (wasFull || held.size === 0) nap.interrupt();
      }
    };
    hands.put(lane, work);
  }

  async function claim(): Promise<number | null> {
    const limit = hands.free();
    const claimedAt = clock.monotonic();
    const claimed = await lanes.claim({ worker, limit, leaseSeconds: settings.leaseSeconds });
    // The longest lanes decide when a job ends: they go first.
    const longestFirst = [...claimed.lanes].sort((a, b) => b.backlog - a.backlog);
    for (const lane of longestFirst) start(lane, claimedAt);
    return claimed.nextDueInMs;
  }

  /** Why the run must end now whatever is due, if it must. */
  function mustEnd(): 'stopped' | 'budget' | null {
    if (stop.aborted) return 'stopped';
    return clock.monotonic() - startedAt >= settings.budgetMs ? 'budget' : null;
  }

  async function tryClaim(): Promise<{ nextDueInMs: number | null } | null> {
    try {
      return { nextDueInMs: await claim() };
    } catch (error) {
      deps.logger.error('database cannot be reached', { error });
      return null;
    }
  }

  async function loop(): Promise<RunEnd> {
    let nextDueInMs: number | null = 0;
    for (let reason = mustEnd(); ; reason = mustEnd()) {
      if (reason) return { reason, nextDueInMs };
      // What ends while we ask may have made its lane due again after the answer was made.
      const heldNothing = held.size === 0;
      const claimed = await tryClaim();
      if (claimed === null) {
        await nap.rest(databasePauseMs);
        continue;
      }
      nextDueInMs = claimed.nextDueInMs;
      const isIdle = heldNothing && held.size === 0 && isFarOff(deps, nextDueInMs);
      if (isIdle) return { reason: 'idle', nextDueInMs };
      await nap.rest(pauseOf(deps, nextDueInMs, hands.free() <= 0));
    }
  }

  async function drain(): Promise<void> {
    await hands.sent();
    ended.abort();
    nap.end();
  }

  return {
    loop,
    keepLeases: () => keepLeases(deps, { held, leaseMs, signal: ended.signal }),
    giveBack: hands.given,
    drain,
  };
}

function isFarOff({ settings }: WorkerDeps, dueInMs: number | null): boolean {
  return dueInMs === null || dueInMs > settings.idleAfterMs;
}

/** When the next lane is due, now that nothing is held; at once where the database cannot say. */
async function askNextDue({ lanes, worker, logger }: WorkerDeps): Promise<number | null> {
  try {
    return (await lanes.claim({ worker, limit: 0, leaseSeconds: 1 })).nextDueInMs;
  } catch (error) {
    logger.error('database cannot be reached', { error });
    return 0;
  }
}

/** How long to rest: until the next lane is due or the next tick of looks, at most a while; with full hands, until one is free. */
function pauseOf(deps: WorkerDeps, nextDueInMs: number | null, isFull: boolean): number {
  if (isFull) return idlePollMs;
  const nextTick = untilTick(deps.clock.now(), 1, shortestTick(deps));
  // Rounded up: a moment too early nothing is due yet.
  return Math.max(1, Math.ceil(Math.min(idlePollMs, nextTick, nextDueInMs ?? idlePollMs)));
}

/** Results after which a lane only waits are written this much later, so that those after which it goes on come first. */
const noHurryMs = 10;

/**
 * Writes step results many at a time; each writing prolongs the lease of the lanes that are kept. What goes on with a change
 * needs nothing of its job's row and does not wait for what ends one and starts the next; what only waits goes last.
 */
function createRecorder(
  deps: WorkerDeps,
  run: { held: ReadonlyMap<string, HeldLane>; leaseMs: number; onWoken: () => void },
): Recorder {
  const { clock, lanes, worker, settings, lingerMs } = deps;
  const write = async (updates: readonly LaneUpdate[]): Promise<readonly UpdateOutcome[]> => {
    const writtenAt = clock.monotonic();
    const lease = { worker, leaseSeconds: settings.leaseSeconds };
    const { outcomes, woke } = await lanes.record(updates, lease);
    updates.forEach((update, index) => {
      const lane = run.held.get(update.laneKey);
      // A late result of a lease that was lost says nothing about the one that came after it.
      if (lane?.epoch !== update.epoch) return;
      lane.deadline = outcomes[index]?.kind === 'lost' ? 0 : writtenAt + run.leaseMs;
    });
    if (woke) run.onWoken();
    return outcomes;
  };
  const queue = (afterMs: number): Recorder =>
    createGatherer({ run: write, lingerMs: lingerMs + afterMs, clock, serial: true });
  const queues = { keep: queue(0), next: queue(0), release: queue(noHurryMs) };
  return (update) => {
    const { kind } = update.afterwards;
    return queues[kind === 'keep' || kind === 'release' ? kind : 'next'](update);
  };
}

/** Prolongs the leases at a third of their time until the run is drained. */
async function keepLeases(
  deps: WorkerDeps,
  run: { held: ReadonlyMap<string, HeldLane>; leaseMs: number; signal: AbortSignal },
): Promise<void> {
  const everyMs = (deps.settings.leaseSeconds * 1_000) / 3;
  for (;;) {
    await deps.clock.sleep(everyMs, run.signal);
    if (run.signal.aborted) return;
    await Promise.all([renewAll(deps, run.held, run.leaseMs), deps.tally.flush()]);
  }
}

async function renewAll(
  deps: WorkerDeps,
  held: ReadonlyMap<string, HeldLane>,
  leaseMs: number,
): Promise<void> {
  const mine = [...held.values()];
  if (mine.length === 0) return;
  const renewedAt = deps.clock.monotonic();
  try {
    const lost = await deps.lanes.renew(mine, deps.settings.leaseSeconds);
    const gone = new Set(lost.map((lease) => lease.laneKey));
    for (const lane of mine) lane.deadline = gone.has(lane.laneKey) ? 0 : renewedAt + leaseMs;
  } catch (error) {
    deps.logger.warn('leases could not be renewed', { error });
  }
}

async function advance(
  deps: WorkerDeps,
  record: Recorder,
  lane: HeldLane,
  claimed: ClaimedLane,
): Promise<void> {
  if (lane.kind === 'job') return tendJob(deps, lane, jobOnLane(lane.laneKey));
  if (lane.kind === 'notice') return deps.sendNotice?.(lane);
  if (lane.kind !== 'region') return advanceLane(deps, record, lane, claimed.assignment);
  const outcome = await resolveRegion(deps, lane);
  if (outcome.kind === 'lost') return;
  const { laneKey, epoch } = lane;
  const afterwards =
    outcome.kind === 'later'
      ? ({ kind: 'release', dueInMs: outcome.dueInMs } as const)
      : ({ kind: 'next' } as const);
  await record({ laneKey, epoch, change: null, events: [], afterwards });
}
