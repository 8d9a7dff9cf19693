import type { ChangeError, ChangeRecord } from '../change/record.ts';
import { composeRequest, fieldsToSend, requestDigestOf } from '../change/request.ts';
import type { CloudError, ModifyOutcome, ModifyRequest } from '../connection/vpn-api.ts';
import { storedBase } from '../job/opened-values.ts';
import type { Assignment, Due } from '../lane/lane-store.ts';
import { AppError, unreachable } from '../platform/errors.ts';
import { isToBeProved } from './leave-to-prove.ts';
import { isSparable, tickOf } from './look.ts';
import { pauseAfter, pauseAfterRefusal, refusedForMs } from './patience.ts';
import { retryAt } from './read-step.ts';
import {
  advance,
  fail,
  lookAgain,
  onTick,
  openFor,
  ownError,
  preceded,
  putOff,
  type SeenAtEnd,
  storedError,
} from './step-results.ts';
import { isGoingBack, storedPart } from './stored-change.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** A sending: by whom, of what, and when it left, ISO 8601. */
interface Sending {
  deps: StepDeps;
  held: HeldLane;
  change: ChangeRecord;
  sentAt: string;
}

/** Sends the stored request for the first time. */
export async function sendStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  const { sending, request, outcome } = await send(deps, held, assignment);
  if (outcome.kind === 'accepted') {
    deps.settleTimes.accepted(sending.change.id, request.attachType, deps.clock.monotonic());
    return accepted(sending, outcome.requestId);
  }
  if (outcome.kind === 'refused') return fail(sending.change, storedError(outcome.error));
  return notAccepted(sending, outcome);
}

/**
 * Sends the stored request again because its fate is unknown, and a read showed it not applied: then a refusal says nothing
 * about the first sending, and the change never goes back to the queue. What was read is told before what was sent.
 */
export async function repeatStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  seen: SeenAtEnd,
): Promise<StepResult> {
  const { sending, outcome } = await send(deps, held, assignment, repeatPatienceMs(deps));
  const result =
    outcome.kind === 'accepted'
      ? accepted(sending, outcome.requestId)
      : stillUnknown(sending, outcome);
  // A request that was refused for now, or never left, is as if it had not been sent; it is tried again.
  if (result.events.length === 0) return result;
  return preceded(result, { kind: 'not_applied', data: { ...seen } });
}

async function send(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  patienceMs = 0,
): Promise<{ sending: Sending; request: ModifyRequest; outcome: ModifyOutcome }> {
  const request = storedRequest(deps, assignment);
  held.preparedHere = null;
  const sentAt = new Date(deps.clock.now()).toISOString();
  const mayStillSend = (): boolean => deps.clock.monotonic() < held.deadline;
  const outcome = await deps.api.modify(request, mayStillSend, patienceMs);
  return { sending: { deps, held, change: assignment.change, sentAt }, request, outcome };
}

/** What the journal tells of a sending: which request, with which token. */
function told({ change, sentAt }: Sending): Readonly<Record<string, unknown>> {
  const { requestDigest, clientToken, attempts } = change;
  return { attempt: attempts + 1, sentAt, requestDigest, clientToken };
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

function accepted(sending: Sending, requestId: string): StepResult {
  const { change } = sending;
  return advance(
    change,
    {
      state: isGoingBack(change) ? 'rolling_back' : 'settling',
      step: 'settle',
      attempts: change.attempts + 1,
    },
    { kind: 'accepted', data: { requestId, ...told(sending) } },
    { kind: 'release', ...firstLookAt(sending) },
  );
}

function notAccepted(
  sending: Sending,
  outcome: Exclude<ModifyOutcome, { kind: 'accepted' } | { kind: 'refused' }>,
): StepResult {
  const { deps, change } = sending;
  const error = storedError(outcome.error);
  switch (outcome.kind) {
    case 'busy':
      if (isRefusedTooLong(deps, change)) return fail(change, busyWithoutEnd(deps, error.code));
      return putOff(change, error, { due: afterRefusal(deps, change), refused: true });
    case 'throttled':
    case 'not_sent':
      return putOff(change, error, {
        due: retryAt(deps, outcome.error.retryInMs),
        refused: false,
      });
    case 'unknown':
      return awaitFate(sending, outcome.error);
    default:
      return unreachable(outcome);
  }
}

/**
 * How long a repeat waits for its place in the budget: it is back, by a tick of looks, before the place is free, and has it before
 * changes that nobody has begun, which come when it is. Milliseconds.
 */
function repeatPatienceMs({ settings }: StepDeps): number {
  return settings.pollIntervalMs + 2_000;
}

/** A repeat that is refused for good may still follow a first sending that was applied. */
function stillUnknown(
  sending: Sending,
  outcome: Exclude<ModifyOutcome, { kind: 'accepted' }>,
): StepResult {
  const { deps, change } = sending;
  if (outcome.kind === 'unknown' || outcome.kind === 'refused')
    return awaitFate(sending, outcome.error);
  if (outcome.kind === 'busy' && openFor(deps, change) >= deps.settings.busyLimitMs)
    return fail(change, busyWithoutEnd(deps, outcome.error.code));
  const { pollIntervalMs } = deps.settings;
  const pause = Math.max(pollIntervalMs, pauseAfter(openFor(deps, change), pollIntervalMs));
  const { retryInMs } = outcome.error;
  const afterMs = retryInMs === undefined ? pause : retryInMs - repeatPatienceMs(deps);
  return lookAgain(deps, change, { afterMs, error: storedError(outcome.error) });
}

function afterRefusal(deps: StepDeps, { refusals }: ChangeRecord): Due {
  return onTick(deps, pauseAfterRefusal(refusals + 1, deps.settings.pollIntervalMs));
}

/**
 * Whether the busy answers fill the limit. The pauses after them are added up, because each answer follows a read that
 * showed nothing under way: time in which reads show the other operation does not count.
 */
function isRefusedTooLong({ settings }: StepDeps, { refusals }: ChangeRecord): boolean {
  const { pollIntervalMs, busyLimitMs } = settings;
  return refusedForMs(refusals + 1, pollIntervalMs) + pollIntervalMs >= busyLimitMs;
}

function busyWithoutEnd(deps: StepDeps, code: string): ChangeError {
  const minutes = Math.round(deps.settings.busyLimitMs / 60_000);
  const message = `the cloud answered ${code} for more than ${minutes} minutes, though its reads show nothing under way; look at the connection before you retry`;
  return ownError('timeout', 'BusyTimeout', message);
}

/** The request may have been applied: whoever comes next reads back before anything else. */
function awaitFate(sending: Sending, error: CloudError): StepResult {
  const { change } = sending;
  return advance(
    change,
    { step: 'reconcile', attempts: change.attempts + 1, lastError: storedError(error) },
    { kind: 'unknown_fate', data: { error: storedError(error), ...told(sending) } },
    { kind: 'release', ...firstLookAt(sending) },
  );
}

/** Due on the last common tick of looks that is not later than changes like this one usually need, or ever needed where it is to be proved. */
function firstLookAt({ deps, held, change }: Sending): Due {
  const { settleTimes } = deps;
  const attachType = change.attachType ?? 'VPNGW';
  const afterMs = isToBeProved(change)
    ? settleTimes.earlyLookMs(attachType)
    : settleTimes.firstLookMs(attachType, isSparable(held));
  const tickMs = tickOf(deps, held);
  return onTick(deps, afterMs - tickMs + 1, tickMs);
}
