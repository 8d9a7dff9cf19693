import {
  type ChangeDelivery,
  type ChangeProof,
  deliveryOf,
  type HandoverProgress,
  withDelivery,
} from '../change/handover.ts';
import type { ChangeRecord, JournalEvent } from '../change/record.ts';
import type { StageOutcome } from '../sink/sink.ts';
import { sinkDeliveryOf } from './deliver-step.ts';
import type { StepDeps } from './worker-deps.ts';

/** How often a sink is asked to promote or withdraw what it has, before that is left to people. */
const mostFailures = 20;

/** A handover after a step, and what to tell of it. */
export interface Settled {
  handover: HandoverProgress;
  events: readonly JournalEvent[];
}

/** Makes the proved values the current ones in every sink that has them; one that fails is asked again when the change is over. */
export async function promoteDelivery(
  deps: StepDeps,
  change: ChangeRecord,
  { part }: ChangeProof,
): Promise<Settled> {
  const delivery = deliveryOf(change.handover, part);
  if (delivery?.stage !== 'done') return { handover: change.handover, events: [] };
  const { deliveredTo: sinks } = delivery;
  return settleDelivery(deps, change, delivery, { stage: 'promoted', sinks });
}

/**
 * Promotes or withdraws a delivery wherever it is. What fails and may pass is counted, to be tried again; what fails for good, or
 * too often, is told and left.
 */
export async function settleDelivery(
  deps: StepDeps,
  change: ChangeRecord,
  delivery: ChangeDelivery,
  { stage, sinks }: { stage: 'promoted' | 'withdrawn'; sinks: readonly string[] },
): Promise<Settled> {
  const { handover } = change;
  const what = sinkDeliveryOf(change, delivery);
  const outcomes = await Promise.all(
    sinks.map(async (name): Promise<[string, StageOutcome]> => {
      const sink = deps.sinks.get(name);
      const outcome = await (stage === 'promoted' ? sink?.promote(what) : sink?.withdraw(what));
      return [name, outcome ?? { kind: 'done' }];
    }),
  );
  const failed = outcomes.flatMap(([sink, outcome]) =>
    outcome.kind === 'failed' ? [{ sink, ...outcome.error }] : [],
  );
  const failures = delivery.failures + (failed.length > 0 ? 1 : 0);
  const isLeft = failed.every(({ isRetryable }) => !isRetryable) || failures >= mostFailures;
  if (failed.length > 0) {
    const [first] = failed;
    deps.logger.warn('a sink did not follow', { changeId: change.id, stage, error: first });
  }
  if (failed.length > 0 && !isLeft) {
    return { handover: withDelivery(handover, { ...delivery, failures }), events: [] };
  }
  const { part, direction } = delivery;
  const refusing = failed.map(({ sink, code }) => ({ sink, code }));
  const data = { part, direction, ...(refusing.length > 0 ? { failed: refusing } : {}) };
  return {
    handover: withDelivery(handover, { ...delivery, stage, failures }),
    events: [{ kind: stage, data }],
  };
}
