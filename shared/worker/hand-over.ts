import { type ChangeDelivery, deliveryOf, withDelivery } from '../change/handover.ts';
import type { ChangeProgress } from '../change/record.ts';
import type { PathParts } from '../connection/values.ts';
import type { ChangePart } from '../connection/vpn-api.ts';
import type { ChangeTerms } from '../job/settings.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { laterBy } from '../platform/duration.ts';
import { advance } from './step-results.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/** Whether a part's values must reach the other side before the cloud is told, and have not. */
export function mustHandOver(
  { deliverTo, requireAcknowledgement }: ChangeTerms,
  agreed: readonly PathParts[],
  delivery: ChangeDelivery | null,
): boolean {
  if (agreed.length === 0) return false;
  const isAsked = deliverTo.length > 0 || requireAcknowledgement;
  return isAsked && (delivery === null || delivery.stage === 'open');
}

/** The change leaves its lane and its slot, to hand over the values of its next part. */
export function leaveToDeliver(
  { clock }: StepDeps,
  { change, terms }: Assignment,
  { part, progress }: { part: ChangePart; progress: Partial<ChangeProgress> },
): StepResult {
  const handover = progress.handover ?? change.handover;
  const { direction } = handover;
  const since = new Date(clock.now()).toISOString();
  const { requireAcknowledgement, acknowledgeWithin, deliverTo } = terms;
  const delivery: ChangeDelivery = deliveryOf(handover, part) ?? {
    part,
    direction,
    stage: 'open',
    deliveredTo: [],
    isAcknowledged: false,
    isApplied: false,
    since,
    acknowledgeUntil: requireAcknowledgement ? laterBy(since, acknowledgeWithin) : null,
    failures: 0,
  };
  const patch = { ...progress, handover: withDelivery(handover, delivery) };
  const result = advance(
    change,
    { state: 'delivering', step: 'deliver', ...patch },
    { kind: 'handing_over', data: { part, direction, sinks: deliverTo } },
    { kind: 'next' },
  );
  return { ...result, errand: { dueInMs: 0 } };
}
