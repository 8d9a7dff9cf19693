import { differencesOf } from '../change/diff.ts';
import type { ChangeDelivery } from '../change/handover.ts';
import { partNamed } from '../change/parts.ts';
import { agreedAmong, verdictOf } from '../change/proof.ts';
import type { ChangeProgress, ChangeRecord } from '../change/record.ts';
import { keyField } from '../connection/fields.ts';
import { maskFields } from '../connection/mask.ts';
import type { VpnConnection } from '../connection/model.ts';
import { isKeyPath, valuePath } from '../connection/values.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { pauseAfterFailure, pauseWhileLatent } from './patience.ts';
import { lookAtProof, refutationOf, startedProofOf, withJudged } from './prove-step.ts';
import { type Settled, settleDelivery } from './settle-deliveries.ts';
import { advance, onTick } from './step-results.ts';
import { isRestoring, wholeChange } from './stored-change.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** What a change that is over leaves to be done. */
type Leaving =
  | { kind: 'settle'; delivery: ChangeDelivery; stage: 'promoted' | 'withdrawn' }
  | { kind: 'watch' }
  | { kind: 'take_back' };

/**
 * What a change that is over leaves to be done: values that the cloud did not get, or has no more, are withdrawn; those that it has
 * are made the current ones unless they still are to be proved; what is latent is watched until it is not, and taken back under
 * `rollback` when it is refuted. Null when nothing is left.
 */
export function leavingOf(
  { state, verdict, handover }: Pick<ChangeProgress, 'state' | 'verdict' | 'handover'>,
  { terms, intent }: Pick<Assignment, 'terms' | 'intent'>,
): Leaving | null {
  const open = handover.deliveries.filter(({ stage }) => stage === 'done' || stage === 'open');
  const unused = open.find(({ isApplied }) => !isApplied);
  if (unused) return { kind: 'settle', delivery: unused, stage: 'withdrawn' };
  const isWatched = verdict === 'latent' && handover.proof !== null;
  if (state === 'succeeded' && isWatched) return { kind: 'watch' };
  // What was set by a rollback is not taken back in turn: two keys that nobody answers would take each other's place for ever.
  const isTakenBack = terms.onFailure === 'rollback' && !isRestoring({ intent });
  if (state === 'succeeded' && verdict === 'refuted' && isTakenBack && handover.takenBack === null)
    return { kind: 'take_back' };
  const stands = state === 'rolled_back' || (state === 'succeeded' && verdict !== 'refuted');
  const [applied] = open;
  return applied && stands ? { kind: 'settle', delivery: applied, stage: 'promoted' } : null;
}

/** Does what a change that is over left to be done. */
export async function tidyStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  const { change, terms } = assignment;
  const leaving = leavingOf(change, assignment);
  if (leaving === null) return { change: null, events: [], afterwards: { kind: 'next' } };
  if (leaving.kind === 'watch') return watch(deps, held, assignment);
  if (leaving.kind === 'take_back') return takeBack(deps, assignment);
  const { delivery, stage } = leaving;
  // One that was on its way may have come to a sink all the same: its answer was lost, or nobody lived to hear it.
  const sinks = delivery.stage === 'open' ? terms.deliverTo : delivery.deliveredTo;
  const settled = await settleDelivery(deps, change, delivery, { stage, sinks });
  return tidied(change, settled);
}

function tidied(change: ChangeRecord, { handover, events }: Settled): StepResult {
  const failures = Math.max(...handover.deliveries.map((delivery) => delivery.failures));
  const afterwards =
    events.length > 0
      ? ({ kind: 'keep' } as const)
      : ({ kind: 'release', dueInMs: pauseAfterFailure(failures) } as const);
  return { ...advance(change, { handover }, null, afterwards), events };
}

/** Looks again whether what is latent has been negotiated anew. The change stays as it ended; its verdict does not. */
async function watch(deps: StepDeps, held: HeldLane, assignment: Assignment): Promise<StepResult> {
  const seen = await lookAtProof(deps, held, assignment);
  if (seen.kind === 'wait') {
    const { afterwards } = seen.result;
    return { change: null, events: [], afterwards };
  }
  if (seen.kind === 'gone') return endWatch(assignment, seen.readAt);
  const { judged, connection, readAt } = seen;
  const { change } = assignment;
  if (isSuperseded(deps, assignment, connection)) return endWatch(assignment, readAt);
  const after = withJudged(change, judged, connection);
  const verdict = verdictOf(judged);
  if (verdict === 'refuted') {
    const { error, event } = await refutationOf(deps, { ...assignment, change: after }, judged);
    return advance(after, { lastError: error }, event, { kind: 'keep' });
  }
  if (verdict === 'proved') {
    const data = { part: judged.part, direction: judged.direction, verdict, readAt };
    return advance(after, {}, { kind: 'verdict', data }, { kind: 'keep' });
  }
  const ageMs = deps.clock.now() - Date.parse(startedProofOf(change).settledAt ?? '');
  const due = onTick(deps, pauseWhileLatent(ageMs, deps.settings.pollIntervalMs));
  return advance({ ...after, verdict: 'latent' }, {}, null, { kind: 'release', ...due });
}

/** Whether something else stands by now of what both sides must agree on: what is negotiated says nothing of this change any more. */
function isSuperseded(deps: StepDeps, assignment: Assignment, connection: VpnConnection): boolean {
  const whole = wholeChange(deps, assignment);
  const { wanted } = partNamed(startedProofOf(assignment.change).part, whole);
  const stands = maskFields(connection.fields, deps.digestKey);
  const differing = agreedAmong(differencesOf(stands, maskFields(wanted, deps.digestKey)));
  // Whatever else stands, a tunnel comes up with the key of this change or it does not.
  const telling = Object.keys(wanted).some(isKeyPath)
    ? differing.filter(({ field }) => field === keyField)
    : differing;
  // What a read does not show is not known to be another.
  return telling.some(({ tunnel, field }) => stands[valuePath(tunnel, field)] !== undefined);
}

/** Its connection is gone, or something else was set: nobody will ever know. The change stays latent, what it delivered is withdrawn. */
function endWatch({ change, terms }: Assignment, readAt: string): StepResult {
  const { part } = startedProofOf(change);
  const deliveries = change.handover.deliveries.map((delivery) =>
    delivery.stage === 'done' && delivery.part === part
      ? { ...delivery, isApplied: false }
      : delivery,
  );
  const handover = { ...change.handover, deliveries, proof: null };
  const told = { kind: 'superseded', data: { part, readAt } } as const;
  const result = advance(change, { handover }, told, { kind: 'keep' });
  return { ...result, keysKeptFor: terms.keepPreviousFor };
}

/** Has the change restored by a job of its own: this one is over, and others may have come after it. */
async function takeBack(deps: StepDeps, { change, terms }: Assignment): Promise<StepResult> {
  const outcome = await deps.takeBack(change);
  const isSubmitted = outcome.kind === 'submitted';
  const jobId = isSubmitted ? outcome.jobId : null;
  if (!isSubmitted) {
    deps.logger.error('change cannot be taken back', { changeId: change.id, ...outcome });
  }
  const handover = { ...change.handover, takenBack: { jobId } };
  const data = isSubmitted ? { jobId } : { jobId, reason: outcome.reason };
  const result = advance(change, { handover }, { kind: 'taken_back', data }, { kind: 'keep' });
  return isSubmitted ? { ...result, keysKeptFor: terms.keepPreviousFor } : result;
}
