import type { ReadBack } from '../change/compare.ts';
import { differencesOf } from '../change/diff.ts';
import type { ChangeError, ChangeRecord } from '../change/record.ts';
import { fieldTable } from '../connection/fields.ts';
import {
  comparableValue,
  fingerprintOf,
  type MaskedValues,
  maskFields,
  notOursAlone,
} from '../connection/mask.ts';
import { isSettledState, type VpnConnection } from '../connection/model.ts';
import { shownPath } from '../connection/values.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { unreachable } from '../platform/errors.ts';
import { baseKeyContext } from '../secret/seal-context.ts';
import { sealedKeysOf } from '../secret/sealed-keys.ts';
import {
  isProofAsked,
  isToBeProved,
  leaveToProve,
  withApplied,
  withUnsettled,
} from './leave-to-prove.ts';
import { isSparable, lookFor, thisTick, tickOf } from './look.ts';
import { pauseAfter } from './patience.ts';
import { compared, lastLacking } from './read-back.ts';
import { repeatStep } from './send-step.ts';
import {
  advance,
  end,
  endBack,
  fail,
  lookAgain,
  openFor,
  ownError,
  readAtOf,
  type SeenAtEnd,
  storedError,
} from './step-results.ts';
import {
  isGoingBack,
  rememberTunnels,
  stateOnLane,
  storedPart,
  writeOnlyOf,
} from './stored-change.ts';
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
    notBefore: thisTick(deps, tickOf(deps, held)),
  });
  if (sight.kind === 'failed') {
    const afterMs = sight.error.retryInMs ?? deps.settings.pollIntervalMs;
    const error = storedError(sight.error);
    // A read that is refused must not pass for the write having been refused.
    const isOfRead = change.step === 'reconcile' && isRefusal(error.class);
    const again = lookAgain(deps, change, isOfRead ? { afterMs } : { afterMs, error });
    // What waits for its turn to read or to repeat has seen nothing that takes the cloud too long.
    if (error.class === 'throttled' || waitsToRepeat(change)) return again;
    return unlessTooLate(deps, assignment, () => again);
  }
  if (
    sight.kind === 'gateway_updating' ||
    (sight.connection && !isSettledState(sight.connection))
  ) {
    const lackedAt = await lastLacking(deps, held, assignment, sight);
    return unlessTooLate(deps, assignment, () =>
      notSettledYet(deps, change, {
        lackedAt,
        afterMs: pauseMs(deps, held, change),
        tickMs: tickOf(deps, held),
      }),
    );
  }
  if (sight.connection === null) {
    return fail(
      change,
      ownError('not_found', 'NotFound', 'the connection was deleted while it was changed'),
    );
  }
  const { connection, readAt } = sight;
  return judge(deps, held, assignment, { connection, readAt: readAtOf(deps, readAt) });
}

/** Looks again later. What is negotiated while the connection lacks the new values is not of them, should they have to be proved. */
function notSettledYet(
  deps: StepDeps,
  change: ChangeRecord,
  { lackedAt, ...later }: { lackedAt: string | null; afterMs?: number; tickMs?: number },
): StepResult {
  const again = lookAgain(deps, change, later);
  const handover = lackedAt === null ? null : withUnsettled(change, lackedAt);
  return handover === null ? again : advance(change, { handover }, null, again.afterwards);
}

/** The request was read not to be applied, and there was no place in the budget to repeat it. */
function waitsToRepeat({ step, lastError }: ChangeRecord): boolean {
  return step === 'reconcile' && lastError?.class === 'throttled';
}

function pauseMs(deps: StepDeps, held: HeldLane, change: ChangeRecord): number {
  const openForMs = openFor(deps, change);
  const pause = pauseAfter(openForMs, deps.settings.pollIntervalMs);
  if (change.attachType === null) return pause;
  // Between the last look at work and the first one after it nobody knows which values are negotiated with: that time is kept short.
  const isSpared = isSparable(held) && !isToBeProved(change);
  return Math.max(pause, deps.settleTimes.pauseMs(change.attachType, openForMs, isSpared));
}

function judge(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  { connection, readAt }: { connection: VpnConnection; readAt: string },
): Promise<StepResult> | StepResult {
  const { change } = assignment;
  const { whole, base, wanted, observed, readBack } = compared(deps, assignment, connection);
  switch (readBack.kind) {
    case 'applied': {
      if (change.step !== 'settle' && !isVisible(base, wanted))
        return repeatRequest(deps, held, assignment, { observed, readAt });
      noteSettled(deps, change);
      const all = maskFields(whole.wanted, deps.digestKey);
      return applied(deps, change, connection, { readBack, observed, wanted, all, readAt });
    }
    case 'changed_elsewhere':
      return fail(
        change,
        ownError(
          'changed_elsewhere',
          'ChangedElsewhere',
          `${shown(readBack.fields)} hold values of somebody else; they were left as they are`,
        ),
        { readBack: 'changed_elsewhere', readAt },
      );
    case 'not_applied':
      return notApplied(deps, held, assignment, { observed, readAt });
    default:
      return unreachable(readBack);
  }
}

function shown(paths: readonly string[]): string {
  return paths.map(shownPath).join(', ');
}

/** The part that was sent stands. It may have to be proved; then what still differs comes next; when nothing does, the change is done. */
function applied(
  deps: StepDeps,
  change: ChangeRecord,
  connection: VpnConnection,
  found: {
    readBack: Extract<ReadBack, { kind: 'applied' }>;
    observed: MaskedValues;
    /** What the part wanted, and what the whole change does. */
    wanted: MaskedValues;
    all: MaskedValues;
    readAt: string;
  },
): StepResult {
  const { readBack, observed } = found;
  const seen = { readBack: 'applied', readAt: found.readAt } as const;
  // What no answer shows stands as it was sent.
  const base = { ...writeOnlyOf(change.base), ...writeOnlyOf(found.wanted), ...observed };
  const tunnels = rememberTunnels(connection.tunnels, change.tunnels);
  const handover = withApplied(change, found.readAt);
  const isLast = differencesOf(base, found.all).length === 0;
  const mustProve = isProofAsked(handover.proof);
  if (isLast && !mustProve) {
    return succeed(
      { ...change, tunnels, handover, settledAttempts: attemptsSettled(change) },
      found,
      seen,
    );
  }
  const theirs = readBack.others.length > 0 ? shown(readBack.others) : null;
  if (theirs !== null && !isLast) {
    const message = `somebody else changed ${theirs} meanwhile; the rest of the change was left undone`;
    return fail(
      { ...change, tunnels, handover, settledAttempts: attemptsSettled(change) },
      ownError('changed_elsewhere', 'ChangedElsewhere', message),
      seen,
    );
  }
  const attempts = attemptsSettled(change);
  const sealedBaseKeys = sealedKeysOf(deps.sealer, connection.fields, (path) =>
    baseKeyContext(change.jobId, change.id, path),
  );
  const next = { part: null, requestDigest: null, clientToken: null };
  const progress = { attempts, settledAttempts: attempts, base, sealedBaseKeys, tunnels, handover };
  const event = { kind: 'part_applied', data: { part: change.part, ...seen } } as const;
  const lastError = theirs === null ? null : standsBeside(theirs);
  if (mustProve) {
    return leaveToProve(deps, change, { patch: { ...progress, ...next, lastError }, event });
  }
  const patch = { state: stateOnLane(change), step: 'read', ...progress, ...next } as const;
  return advance(change, { ...patch, lastError }, event, { kind: 'keep' });
}

function standsBeside(theirs: string): ChangeError {
  const message = `the change stands; meanwhile somebody else changed ${theirs}`;
  return ownError('changed_elsewhere', 'ChangedElsewhere', message);
}

/** A part that stands was sent at least once, also when whoever sent it did not live to count it. */
function attemptsSettled({ attempts, settledAttempts }: ChangeRecord): number {
  return Math.max(attempts, settledAttempts + 1);
}

function succeed(
  change: ChangeRecord,
  found: { observed: MaskedValues; readBack: Extract<ReadBack, { kind: 'applied' }> },
  seen: SeenAtEnd,
): StepResult {
  const { observed, readBack } = found;
  const isOurs = readBack.others.length === 0;
  // What stands now is not all ours: a later change on this connection must not take it for our own work.
  const resultFingerprint = isOurs ? fingerprintOf(observed) : notOursAlone;
  if (isGoingBack(change)) return endBack({ ...change, resultFingerprint }, seen);
  const lastError = isOurs ? null : standsBeside(shown(readBack.others));
  return end(change, 'succeeded', { patch: { resultFingerprint, lastError }, seen });
}

/** Whether reading the connection can tell that the part was applied; write-only fields are in no answer. */
function isVisible(base: MaskedValues, wanted: MaskedValues): boolean {
  return differencesOf(base, wanted).some(({ field }) => fieldTable[field].readable);
}

/** What the connection holds now, and when that was read. */
interface Observed {
  observed: MaskedValues;
  readAt: string;
}

function notApplied(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  found: Observed,
): Promise<StepResult> | StepResult {
  const { change } = assignment;
  const openForMs = openFor(deps, change);
  // An accepted change may become visible late; a lost one is repeated at once, with the same token.
  if (change.step === 'settle' && openForMs < invisibleMs * attemptsOfPart(change))
    return notSettledYet(deps, change, { lackedAt: found.readAt });
  return repeatRequest(deps, held, assignment, found);
}

function repeatRequest(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  { observed, readAt }: Observed,
): Promise<StepResult> | StepResult {
  const { change } = assignment;
  // The stored request holds whole blocks: repeated now, it would undo what somebody else set in them meanwhile.
  if (change.base !== null && !isAsBefore(change.base, observed)) {
    const message =
      'somebody else changed the connection before the request was seen applied; it is not repeated';
    const seen = { readBack: 'changed_elsewhere', readAt } as const;
    return fail(change, ownError('changed_elsewhere', 'ChangedElsewhere', message), seen);
  }
  const seen = { readBack: 'not_applied', readAt } as const;
  if (wasRefusedForGood(change)) return fail(change, change.lastError, seen);
  const attempts = attemptsOfPart(change);
  if (attempts < mostAttempts) {
    const handover = withUnsettled(change, readAt) ?? change.handover;
    return repeatStep(deps, held, { ...assignment, change: { ...change, handover } }, seen);
  }
  const message = `the cloud took the request ${attempts} times and did not apply it`;
  return fail(change, ownError('not_applied', 'NotApplied', message), seen);
}

/** How often the stored request was sent; requests of parts that stand do not count. */
function attemptsOfPart({ attempts, settledAttempts }: ChangeRecord): number {
  return attempts - settledAttempts;
}

/** Whether every field that is shown holds what it held before the write. */
function isAsBefore(base: MaskedValues, observed: MaskedValues): boolean {
  return Object.entries(base).every(([path, before]) => {
    const now = observed[path];
    return now === undefined || comparableValue(path, now) === comparableValue(path, before);
  });
}

/** A repeat was refused for good, and reading back after it showed that nothing sent before it was applied. */
function wasRefusedForGood(
  change: ChangeRecord,
): change is ChangeRecord & { lastError: ChangeError } {
  return (
    change.step === 'reconcile' && change.lastError !== null && isRefusal(change.lastError.class)
  );
}

function isRefusal(errorClass: ChangeError['class']): boolean {
  return ['invalid', 'quota', 'locked', 'permission', 'credentials', 'not_found'].includes(
    errorClass,
  );
}

function unlessTooLate(deps: StepDeps, assignment: Assignment, goOn: () => StepResult): StepResult {
  const { change } = assignment;
  if (openFor(deps, change) < deps.settings.settleLimitMs) return goOn();
  const minutes = Math.round(deps.settings.settleLimitMs / 60_000);
  const message = `the cloud was not done after ${minutes} minutes; look at the connection before you retry`;
  // It is most likely applied in the end: a later change must not take that for somebody else's work.
  const resultFingerprint = expectedFingerprint(deps, assignment);
  return fail({ ...change, resultFingerprint }, ownError('timeout', 'SettleTimeout', message));
}

/** What the connection will look like to reads once the part that was sent is applied. */
function expectedFingerprint(deps: StepDeps, assignment: Assignment): string {
  const { wanted } = storedPart(deps, assignment);
  return fingerprintOf({ ...assignment.change.base, ...maskFields(wanted, deps.digestKey) });
}

function noteSettled(deps: StepDeps, change: ChangeRecord): void {
  deps.settleTimes.settled(change.id, deps.clock.monotonic());
}
