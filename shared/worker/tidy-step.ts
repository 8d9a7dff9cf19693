import type { ChangeDelivery } from '../change/handover.ts';
import { verdictOf } from '../change/proof.ts';
import type { ChangeProgress, ChangeRecord } from '../change/record.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { pauseAfterFailure, pauseWhileLatent } from './patience.ts';
import { lookAtProof, startedProofOf, withJudged } from './prove-step.ts';
import { type Settled, settleDelivery } from './settle-deliveries.ts';
import { advance, onTick } from './step-results.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** What a change that is over leaves to be done. */
type Leaving =
  | { kind: 'settle'; delivery: ChangeDelivery; stage: 'promoted' | 'withdrawn' }
  | { kind: 'watch' };

/**
 * What a change that is over leaves to be done: values that the cloud did not get, or has no more, are withdrawn; those that it has
 * are made the current ones unless they still are to be proved; what is latent is watched until it is not. Null when nothing is left.
 */
export function leavingOf({
  state,
  verdict,
  handover,
}: Pick<ChangeProgress, 'state' | 'verdict' | 'handover'>): Leaving | null {
  const open = handover.deliveries.filter(
    ({ stage, deliveredTo }) => stage === 'done' || (stage === 'open' && deliveredTo.length > 0),
  );
  const unused = open.find(({ isApplied }) => !isApplied);
  if (unused) return { kind: 'settle', delivery: unused, stage: 'withdrawn' };
  if (state === 'succeeded' && verdict === 'latent') return { kind: 'watch' };
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
  const { change } = assignment;
  const leaving = leavingOf(change);
  if (leaving === null) return { change: null, events: [], afterwards: { kind: 'next' } };
  if (leaving.kind === 'watch') return watch(deps, held, assignment);
  const settled = await settleDelivery(deps, change, leaving.delivery, leaving.stage);
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
    // That the connection is gone says nothing of the change any more.
    return { change: null, events: [], afterwards };
  }
  const { judged, connection, readAt } = seen;
  const { change } = assignment;
  const after = withJudged(change, judged, connection);
  const verdict = verdictOf(judged);
  if (verdict === 'proved' || verdict === 'refuted') {
    const data = { part: judged.part, direction: judged.direction, verdict, readAt };
    return advance(after, {}, { kind: 'verdict', data }, { kind: 'keep' });
  }
  const ageMs = deps.clock.now() - Date.parse(startedProofOf(change).settledAt ?? '');
  const due = onTick(deps, pauseWhileLatent(ageMs, deps.settings.pollIntervalMs));
  return advance({ ...after, verdict: 'latent' }, {}, null, { kind: 'release', ...due });
}
