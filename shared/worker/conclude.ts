import type { JournalEvent } from '../change/record.ts';
import { isFinalChange } from '../change/state.ts';
import { fingerprintOf } from '../connection/mask.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { isRestoring } from './stored-change.ts';
import { leavingOf } from './tidy-step.ts';
import type { HeldLane, StepResult } from './worker-deps.ts';

/**
 * What the end of a change leads to: what it wrote is taken back where the plan says so, and what it leaves to be done gets a lane
 * of its own. Other results stay as they are.
 */
export function conclude(
  result: StepResult,
  assignment: Assignment,
  held: Pick<HeldLane, 'kind'>,
): StepResult {
  const { change } = result;
  if (change === null || !isFinalChange(change.state)) return result;
  return concludeEnd(withKeysKept(result, assignment), assignment, held);
}

function concludeEnd(
  result: StepResult,
  assignment: Assignment,
  held: Pick<HeldLane, 'kind'>,
): StepResult {
  const { change } = result;
  if (change === null) return result;
  if (change.state === 'failed' && assignment.change.state !== 'failed') {
    if (isTakenBack(result, assignment)) return startBack(result, held);
    return withErrand(tellStanding(knowOwn(result)), assignment, held);
  }
  return withErrand(result, assignment, held);
}

/**
 * Keys are kept for as long as the plan says once the new ones stand and are not to be proved any more, or nothing was written, so that
 * who tries the change again hands over the same keys; and no longer where there was nothing to do, or what was replaced is restored.
 * Where none of this is so, they stay.
 */
function withKeysKept(result: StepResult, { change: before, terms }: Assignment): StepResult {
  const { change } = result;
  if (change === null) return result;
  const hasEndedNow = !isFinalChange(before.state);
  const isRight = change.state === 'succeeded' && (change.verdict ?? 'proved') === 'proved';
  const isProvedNow = hasEndedNow || before.verdict !== change.verdict;
  const isUntouched = change.state === 'failed' && change.handover.previous === null;
  if ((isRight && isProvedNow) || (isUntouched && hasEndedNow)) {
    return { ...result, keysKeptFor: terms.keepPreviousFor };
  }
  const isVoid = change.state === 'unchanged' || change.state === 'rolled_back';
  return hasEndedNow && isVoid ? { ...result, keysKeptFor: 'PT0S' } : result;
}

/**
 * A change that failed after it wrote something is taken back under `rollback`; not where every further call would fail alike, nor
 * what itself takes something back: two keys that nobody answers would take each other's place.
 */
function isTakenBack({ change, stopsJob }: StepResult, assignment: Assignment): boolean {
  const { terms } = assignment;
  if (change === null || stopsJob !== undefined || terms.onFailure !== 'rollback') return false;
  if (isRestoring(assignment)) return false;
  const hasWritten = change.attempts > 0 || change.settledAttempts > 0;
  return hasWritten && change.handover.direction === 'forth' && change.handover.previous !== null;
}

/** The change goes back, on its lane as soon as that is free. */
function startBack(result: StepResult, held: Pick<HeldLane, 'kind'>): StepResult {
  const { change, events } = result;
  if (change === null) return result;
  const isOnLane = held.kind !== 'change';
  const state = isOnLane ? ('rolling_back' as const) : ('verifying' as const);
  const request = { part: null, requestDigest: null, clientToken: null };
  const handover = { ...change.handover, direction: 'back' as const };
  return {
    change: { ...change, state, step: 'read', ...request, handover },
    events: events.map((event) => (event.kind === 'finished' ? reverting(event) : event)),
    afterwards: isOnLane ? { kind: 'keep' } : { kind: 'wait', dueInMs: 0 },
  };
}

function reverting({ data }: JournalEvent): JournalEvent {
  const { state: _, ...why } = data;
  return { kind: 'reverting', data: why };
}

/** What a change that failed has left is our own for whoever comes next on its connection, unless somebody else was seen there. */
function knowOwn(result: StepResult): StepResult {
  const { change } = result;
  if (change === null || change.settledAttempts === 0 || change.base === null) return result;
  const isOurs = change.lastError?.class !== 'changed_elsewhere';
  if (!isOurs || change.resultFingerprint !== null) return result;
  return { ...result, change: { ...change, resultFingerprint: fingerprintOf(change.base) } };
}

/** Says of a change that failed half done that what was applied before stands. */
function tellStanding(result: StepResult): StepResult {
  const { change, events } = result;
  const error = change?.lastError ?? null;
  const isStanding = change !== null && change.settledAttempts > 0;
  if (!isStanding || error === null || change.handover.direction === 'back') return result;
  const lastError = { ...error, message: `${error.message}; what was applied before stands` };
  return {
    ...result,
    change: { ...change, lastError },
    events: events.map((event) =>
      event.kind === 'finished' ? { ...event, data: { ...event.data, error: lastError } } : event,
    ),
  };
}

function withErrand(
  result: StepResult,
  assignment: Assignment,
  held: Pick<HeldLane, 'kind'>,
): StepResult {
  if (result.change === null || leavingOf(result.change, assignment) === null) return result;
  if (held.kind !== 'change') return { ...result, errand: { dueInMs: 0 } };
  const { kind } = result.afterwards;
  return kind === 'next' ? { ...result, afterwards: { kind: 'keep' } } : result;
}
