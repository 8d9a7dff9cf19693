import type { ChangeError, ChangeProgress, ChangeRecord, JournalEvent } from '../change/record.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import type { Continuation, Due } from '../lane/lane-store.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/** The part of a change that a step may write. */
function progressOf(change: ChangeRecord): ChangeProgress & { id: string; jobId: string } {
  const { id, jobId, state, step, attempts, refusals, diff, base, sealedBaseKey } = change;
  const { requestDigest, clientToken, resultFingerprint, lastError } = change;
  const found = { diff, base, sealedBaseKey, requestDigest, clientToken, resultFingerprint };
  return { id, jobId, state, step, attempts, refusals, ...found, lastError };
}

/** The change with some of its progress replaced, journalled, and what the lane does next. */
export function advance(
  change: ChangeRecord,
  patch: Partial<ChangeProgress>,
  event: JournalEvent | null,
  afterwards: Continuation,
): StepResult {
  return { change: { ...progressOf(change), ...patch }, events: event ? [event] : [], afterwards };
}

/** The change is over; the lane takes its next one. */
export function end(
  change: ChangeRecord,
  state: 'succeeded' | 'unchanged',
  patch: Partial<ChangeProgress> = {},
): StepResult {
  const lastError = patch.lastError ?? null;
  const data = { state, ...(lastError ? { note: lastError } : {}) };
  const done = { state, step: null, lastError, ...patch };
  return advance(change, done, { kind: 'finished', data }, { kind: 'next' });
}

/** The change failed for good; the lane takes its next one. */
export function fail(change: ChangeRecord, error: ChangeError): StepResult {
  const data = { state: 'failed', error };
  const result = advance(
    change,
    { state: 'failed', step: null, lastError: error },
    { kind: 'finished', data },
    { kind: 'next' },
  );
  if (!isHopeless(error.class)) return result;
  return { ...result, stopsJob: `stopped: ${error.message} (${error.code})` };
}

/** No permission or no valid credentials: every further call would meet the same. */
export function isHopeless(errorClass: ChangeError['class']): boolean {
  return errorClass === 'permission' || errorClass === 'credentials';
}

/** Nothing was sent: the change goes back to the queue, without lane or slot, and the lane is looked at again later. */
export function requeue(
  change: ChangeRecord,
  error: ChangeError,
  options: { due: Due; refused: boolean },
): StepResult {
  const refusals = change.refusals + (options.refused ? 1 : 0);
  return advance(
    change,
    { state: 'queued', step: null, lastError: error, refusals },
    { kind: 'requeued', data: { error } },
    { kind: 'requeue', ...options.due },
  );
}

/** The change stays where it is; its lane is looked at again on the next tick, or later when that is known to be useless. */
export function lookAgain(
  deps: StepDeps,
  change: ChangeRecord,
  options: { afterMs?: number; error?: ChangeError } = {},
): StepResult {
  const due = onTick(deps, options.afterMs ?? 1);
  const afterwards = { kind: 'release', ...due } as const;
  // Most looks see nothing new: then only the lane is written.
  if (!options.error) return { change: null, events: [], afterwards };
  return advance(change, { lastError: options.error }, null, afterwards);
}

/** Due on the first common tick of looks after so many milliseconds. */
export function onTick(deps: StepDeps, afterMs: number): Due {
  return { dueInMs: Math.max(1, afterMs), tickMs: deps.settings.pollIntervalMs };
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
    | 'refused'
    | 'busy'
    | 'not_found'
    | 'locked',
  code: string,
  message: string,
): ChangeError {
  return { code, class: kind, message, requestId: null };
}
