import { compareReadBack, type ReadBack } from '../change/compare.ts';
import type { ChangeRecord } from '../change/record.ts';
import { fingerprintOf, type MaskedValues, maskFields } from '../connection/mask.ts';
import { isSettledState, type VpnConnection } from '../connection/model.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { unreachable } from '../platform/errors.ts';
import { lookFor, thisTick } from './look.ts';
import { sendStep } from './send-step.ts';
import { end, fail, lookAgain, ownError, storedError } from './step-results.ts';
import { wantedFields } from './wanted.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** How often one request is sent at most while its fate stays unknown. */
const mostAttempts = 6;
/** How long an accepted change may stay invisible before the identical request is sent once more. */
const invisibleMs = 60_000;

/**
 * Waits until the cloud is done with an accepted change, then reads back what became of it. Also settles an unknown
 * fate, where `not applied` leads to the identical request with the same token.
 */
export async function settleStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  const { change } = assignment;
  const sight = await lookFor(deps, held, assignment, {
    awaitsGateway: true,
    notBefore: thisTick(deps),
  });
  if (sight.kind === 'failed') {
    const afterMs = sight.error.retryInMs ?? deps.settings.pollIntervalMs;
    return unlessTooLate(deps, change, () =>
      lookAgain(deps, change, { afterMs, error: storedError(sight.error) }),
    );
  }
  if (
    sight.kind === 'gateway_updating' ||
    (sight.connection && !isSettledState(sight.connection))
  ) {
    return unlessTooLate(deps, change, () =>
      lookAgain(deps, change, { afterMs: settlePauseMs(deps, held) }),
    );
  }
  if (sight.connection === null) {
    return fail(
      change,
      ownError('not_found', 'NotFound', 'the connection was deleted while it was changed'),
    );
  }
  return judge(deps, held, assignment, sight.connection);
}

/** An attachment with nothing behind it is read alone, and nobody waits for it: it is looked at half as often. */
function settlePauseMs(deps: StepDeps, held: HeldLane): number {
  const { pollIntervalMs } = deps.settings;
  return held.kind === 'connection' && held.backlog <= 1 ? pollIntervalMs + 1 : 1;
}

function judge(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  connection: VpnConnection,
): Promise<StepResult> | StepResult {
  const { change } = assignment;
  const observed = maskFields(connection.fields, deps.digestKey);
  const wanted = maskFields(wantedFields(deps, assignment.intent, change.jobId), deps.digestKey);
  const readBack = compareReadBack({ base: change.base ?? observed, wanted, observed });
  switch (readBack.kind) {
    case 'applied':
      noteSettled(deps, change);
      return succeed(change, observed, readBack);
    case 'changed_elsewhere':
      return fail(
        change,
        ownError(
          'changed_elsewhere',
          'ChangedElsewhere',
          `${readBack.fields.join(', ')} hold values of somebody else; they were left as they are`,
        ),
      );
    case 'not_applied':
      return notApplied(deps, held, assignment);
    default:
      return unreachable(readBack);
  }
}

function succeed(
  change: ChangeRecord,
  observed: MaskedValues,
  readBack: Extract<ReadBack, { kind: 'applied' }>,
): StepResult {
  const resultFingerprint = fingerprintOf(observed);
  if (readBack.others.length === 0) return end(change, 'succeeded', { resultFingerprint });
  const message = `the change stands; meanwhile somebody else changed ${readBack.others.join(', ')}`;
  const lastError = ownError('changed_elsewhere', 'ChangedElsewhere', message);
  return end(change, 'succeeded', { resultFingerprint, lastError });
}

function notApplied(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> | StepResult {
  const { change } = assignment;
  const openForMs = openFor(deps, change);
  // An accepted change may become visible late; a lost one is repeated at once, with the same token.
  if (change.step === 'settle' && openForMs < invisibleMs * change.attempts)
    return lookAgain(deps, change);
  if (change.attempts < mostAttempts) return sendStep(deps, held, assignment, true);
  const message = `the cloud took the request ${change.attempts} times and did not apply it`;
  return fail(change, ownError('not_applied', 'NotApplied', message));
}

function openFor(deps: StepDeps, change: ChangeRecord): number {
  return change.sentAt === null ? 0 : deps.clock.now() - Date.parse(change.sentAt);
}

function unlessTooLate(deps: StepDeps, change: ChangeRecord, goOn: () => StepResult): StepResult {
  if (openFor(deps, change) < deps.settings.settleLimitMs) return goOn();
  const minutes = Math.round(deps.settings.settleLimitMs / 60_000);
  const message = `the cloud was not done after ${minutes} minutes; look at the connection before you retry`;
  return fail(change, ownError('timeout', 'SettleTimeout', message));
}

function noteSettled(deps: StepDeps, change: ChangeRecord): void {
  if (change.attachType === null) return;
  deps.settleTimes.settled(change.id, change.attachType, deps.clock.monotonic());
}
