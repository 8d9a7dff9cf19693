import type { ChangeError, ChangeRecord } from '../change/record.ts';
import { composeRequest, fieldsToSend, requestDigestOf } from '../change/request.ts';
import type { CloudError, ModifyOutcome, ModifyRequest } from '../connection/vpn-api.ts';
import type { Assignment, Due } from '../lane/lane-store.ts';
import { AppError, unreachable } from '../platform/errors.ts';
import { isSparable } from './look.ts';
import { retryAt } from './read-step.ts';
import {
  advance,
  fail,
  lookAgain,
  onTick,
  openFor,
  ownError,
  putOff,
  storedError,
} from './step-results.ts';
import { storedBase, storedPart } from './stored-change.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/**
 * Sends the stored request. `repeat` is set when its fate is unknown: then a refusal says nothing about the first
 * sending, and the change never goes back to the queue.
 */
export async function sendStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  repeat = false,
): Promise<StepResult> {
  const { change } = assignment;
  const request = storedRequest(deps, assignment);
  held.preparedHere = null;
  const outcome = await deps.api.modify(request, () => deps.clock.monotonic() < held.deadline);
  if (outcome.kind === 'accepted') {
    // A repeat may find the change half settled: it says nothing of how long changes take.
    if (!repeat) deps.settleTimes.accepted(change.id, request.attachType, deps.clock.monotonic());
    return accepted(deps, held, change, outcome.requestId);
  }
  if (outcome.kind === 'refused') return refused(deps, held, change, outcome.error, repeat);
  return repeat
    ? stillUnknown(deps, held, change, outcome)
    : notAccepted(deps, held, change, outcome);
}

/**
 * The request exactly as it was stored before its first sending, rebuilt from the stored base and the plan.
 * Raises `internal` when the digest differs: then it is not sent.
 */
function storedRequest(deps: StepDeps, assignment: Assignment): ModifyRequest {
  const { change } = assignment;
  const { regionId, vpnConnectionId, attachType, clientToken, requestDigest } = change;
  if (attachType === null || clientToken === null || change.base === null) {
    throw new AppError('internal', 'a change is to be sent, but its request was not stored');
  }
  const share = storedPart(deps, assignment);
  const isDual = change.tunnels.length > 0;
  const fields = fieldsToSend(storedBase(deps, change), share, { attachType, isDual });
  const { part, tunnels } = share;
  const target = { regionId, vpnConnectionId, attachType, part, tunnels };
  if (requestDigestOf({ ...target, fields }, deps.digestKey) !== requestDigest) {
    throw new AppError('internal', 'a stored request does not match its digest');
  }
  return composeRequest(target, fields, clientToken);
}

function accepted(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  requestId: string,
): StepResult {
  return advance(
    change,
    { state: 'settling', step: 'settle', attempts: change.attempts + 1 },
    { kind: 'accepted', data: { requestId, attempt: change.attempts + 1 } },
    { kind: 'release', ...firstLookAt(deps, held, change) },
  );
}

function refused(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  error: CloudError,
  repeat: boolean,
): StepResult {
  // A repeat that is refused for good may still follow a first sending that was applied.
  return repeat ? awaitFate(deps, held, change, error) : fail(change, storedError(error));
}

function notAccepted(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  outcome: Exclude<ModifyOutcome, { kind: 'accepted' } | { kind: 'refused' }>,
): StepResult {
  const error = storedError(outcome.error);
  switch (outcome.kind) {
    case 'busy':
      if (isRefusedTooLong(deps, change)) return fail(change, busyWithoutEnd(deps, error.code));
      return putOff(change, error, { due: retryAt(deps, undefined), refused: true });
    case 'throttled':
    case 'not_sent':
      return putOff(change, error, {
        due: retryAt(deps, outcome.error.retryInMs),
        refused: false,
      });
    case 'unknown':
      return awaitFate(deps, held, change, outcome.error);
    default:
      return unreachable(outcome);
  }
}

function stillUnknown(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  outcome: Exclude<ModifyOutcome, { kind: 'accepted' } | { kind: 'refused' }>,
): StepResult {
  if (outcome.kind === 'unknown') return awaitFate(deps, held, change, outcome.error);
  if (outcome.kind === 'busy' && openFor(deps, change) >= deps.settings.busyLimitMs)
    return fail(change, busyWithoutEnd(deps, outcome.error.code));
  const afterMs = outcome.error.retryInMs ?? deps.settings.pollIntervalMs;
  return lookAgain(deps, change, { afterMs, error: storedError(outcome.error) });
}

/**
 * Whether the busy answers fill the limit. They are counted, because each follows a read that showed nothing under way,
 * at most one in a poll interval: time in which reads show the other operation does not count.
 */
function isRefusedTooLong({ settings }: StepDeps, { refusals }: ChangeRecord): boolean {
  return (refusals + 1) * settings.pollIntervalMs >= settings.busyLimitMs;
}

function busyWithoutEnd(deps: StepDeps, code: string): ChangeError {
  const minutes = Math.round(deps.settings.busyLimitMs / 60_000);
  const message = `the cloud answered ${code} for more than ${minutes} minutes, though its reads show nothing under way; look at the connection before you retry`;
  return ownError('timeout', 'BusyTimeout', message);
}

/** The request may have been applied: whoever comes next reads back before anything else. */
function awaitFate(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  error: CloudError,
): StepResult {
  return advance(
    change,
    { step: 'reconcile', attempts: change.attempts + 1, lastError: storedError(error) },
    { kind: 'unknown_fate', data: { error: storedError(error), attempt: change.attempts + 1 } },
    { kind: 'release', ...firstLookAt(deps, held, change) },
  );
}

/** Due on the last common tick of looks that is not later than changes like this one usually need. */
function firstLookAt(deps: StepDeps, held: HeldLane, { attachType }: ChangeRecord): Due {
  const afterMs = deps.settleTimes.firstLookMs(attachType ?? 'VPNGW', isSparable(held));
  return onTick(deps, afterMs - deps.settings.pollIntervalMs + 1);
}
