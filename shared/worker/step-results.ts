import type { OwnCode } from '../change/own-code.ts';
import { progressOf } from '../change/progress-of.ts';
import type { ChangeError, ChangeProgress, ChangeRecord, JournalEvent } from '../change/record.ts';
import { isFinalChange } from '../change/state.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import type { Continuation, Due } from '../lane/lane-store.ts';
import { isGoingBack, isHalfDone } from './stored-change.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/**
 * The change with some of its progress replaced, journalled, and what the lane does next. On the way back what had gone wrong stays
 * said until the end.
 */
export function advance(
  change: ChangeRecord,
  patch: Partial<ChangeProgress>,
  event: JournalEvent | null,
  afterwards: Continuation,
): StepResult {
  const next = { ...progressOf(change), ...patch };
  const isUnderway = isGoingBack(change) && !isFinalChange(next.state);
  const lastError = isUnderway ? change.lastError : next.lastError;
  return { change: { ...next, lastError }, events: event ? [event] : [], afterwards };
}

/** A step's result, told with something that came before it. */
export function preceded(result: StepResult, event: JournalEvent): StepResult {
  return { ...result, events: [event, ...result.events] };
}

/** The change is over; the lane takes its next one. `seen` says what it was judged by. */
export function end(
  change: ChangeRecord,
  state: 'succeeded' | 'unchanged',
  { patch = {}, seen }: { patch?: Partial<ChangeProgress>; seen: SeenAtEnd },
): StepResult {
  const lastError = patch.lastError ?? null;
  const data = { state, ...seen, ...(lastError ? { note: lastError } : {}) };
  const done = { state, step: null, lastError, ...patch };
  return advance(change, done, { kind: 'finished', data }, { kind: 'next' });
}

/**
 * The way back is at its end. A change of which nothing had been applied has failed and left nothing; the others are restored. What
 * had gone wrong stays said.
 */
export function endBack(change: ChangeRecord, seen: SeenAtEnd): StepResult {
  const state = change.settledAttempts > 0 ? 'rolled_back' : 'failed';
  const { lastError: error } = change;
  const data = { state, error, ...seen };
  return advance(change, { state, step: null }, { kind: 'finished', data }, { kind: 'next' });
}

/** What a read showed that ended a request or a change, for the journal. */
export interface SeenAtEnd {
  readBack: 'applied' | 'nothing_left' | 'not_applied' | 'changed_elsewhere';
  /** ISO 8601, by the worker's clock. */
  readAt: string;
}

/** When something was read, ISO 8601 by the worker's clock, for the journal. */
export function readAtOf({ clock }: StepDeps, monotonicMs: number): string {
  return new Date(clock.now() - (clock.monotonic() - monotonicMs)).toISOString();
}

/** The change failed for good; the lane takes its next one. `seen` says what was read, where that decided it. */
export function fail(change: ChangeRecord, cause: ChangeError, seen?: SeenAtEnd): StepResult {
  const data = { state: 'failed', error: cause, ...seen };
  const result = advance(
    change,
    { state: 'failed', step: null, lastError: cause },
    { kind: 'finished', data },
    { kind: 'next' },
  );
  if (!isHopeless(cause.class)) return result;
  return { ...result, stopsJob: `stopped: ${cause.message} (${cause.code})` };
}

/** No permission or no valid credentials: every further call would meet the same. */
export function isHopeless(errorClass: ChangeError['class']): boolean {
  return errorClass === 'permission' || errorClass === 'credentials';
}

/**
 * Nothing was sent: the change goes back to the queue, without lane or slot, and the lane is looked at again later. One that
 * is half done waits instead: it must neither be cancelled nor be passed by others of its connection.
 */
export function putOff(
  change: ChangeRecord,
  error: ChangeError,
  options: { due: Due; refused: boolean },
): StepResult {
  const refusals = change.refusals + (options.refused ? 1 : 0);
  if (isHalfDone(change)) return wait(change, { lastError: error, refusals }, options.due);
  return advance(
    change,
    { state: 'queued', step: null, lastError: error, refusals },
    { kind: 'requeued', data: { error } },
    { kind: 'requeue', ...options.due },
  );
}

/** The change, half done, waits without lane or slot and then reads again. Journalled when what it waits for is new. */
export function wait(
  change: ChangeRecord,
  patch: Partial<ChangeProgress> & { lastError: ChangeError },
  due: Due,
): StepResult {
  const isNew = change.lastError?.code !== patch.lastError.code;
  const event = isNew ? ({ kind: 'waiting', data: { error: patch.lastError } } as const) : null;
  const waiting = { state: 'verifying', step: 'read', ...patch } as const;
  return advance(change, waiting, event, { kind: 'wait', ...due });
}

/** The change stays where it is; its lane is looked at again on the next tick, or later when that is known to be useless. */
export function lookAgain(
  deps: StepDeps,
  change: ChangeRecord,
  options: { afterMs?: number; tickMs?: number; error?: ChangeError } = {},
): StepResult {
  const due = onTick(deps, options.afterMs ?? 1, options.tickMs);
  const afterwards = { kind: 'release', ...due } as const;
  // Most looks see nothing new: then only the lane is written.
  if (!options.error) return { change: null, events: [], afterwards };
  return advance(change, { lastError: options.error }, null, afterwards);
}

/** Due on the first common tick of looks after so many milliseconds. */
export function onTick(
  deps: StepDeps,
  afterMs: number,
  tickMs = deps.settings.pollIntervalMs,
): Due {
  return { dueInMs: Math.max(1, afterMs), tickMs };
}

/** For how long the change's request has been out, milliseconds. */
export function openFor(deps: StepDeps, change: ChangeRecord): number {
  return change.sentAt === null ? 0 : deps.clock.now() - Date.parse(change.sentAt);
}

/** A cloud error as it is stored with a change. */
export function storedError(error: CloudError): ChangeError {
  const { code, message, requestId } = error;
  return { code, class: error.class, message, requestId };
}

/** An error of our own making. */
export function ownError(
  kind:
    | 'changed_elsewhere'
    | 'base_moved'
    | 'not_applied'
    | 'timeout'
    | 'tunnel_down'
    | 'handover'
    | 'refused'
    | 'busy'
    | 'not_found'
    | 'locked',
  code: OwnCode,
  message: string,
): ChangeError {
  return { code, class: kind, message, requestId: null };
}
