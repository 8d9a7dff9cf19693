import { differencesOf } from '../change/diff.ts';
import { type ChangeDelivery, withDelivery } from '../change/handover.ts';
import { partNamed } from '../change/parts.ts';
import { agreedAmong } from '../change/proof.ts';
import type { ChangeRecord, JournalEvent } from '../change/record.ts';
import { maskFields } from '../connection/mask.ts';
import { valuePath } from '../connection/values.ts';
import { connectionPart } from '../connection/vpn-api.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { AppError } from '../platform/errors.ts';
import { type DeliveredValues, type Delivery, type SinkError, versionOf } from '../sink/sink.ts';
import { pauseAfterFailure, sinkPatienceMs } from './patience.ts';
import { advance, fail, ownError, preceded } from './step-results.ts';
import { isHalfDone, wholeChange } from './stored-change.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/**
 * Hands the values of a change's next part over: to each sink that has them not yet, and then, where that is required, until the
 * other side has said that it has them. Afterwards the change goes back to its lane. The cloud is not touched here.
 */
export async function deliverStep(deps: StepDeps, assignment: Assignment): Promise<StepResult> {
  const { change } = assignment;
  const open = openDeliveryOf(change);
  const { delivery, failure } = await deliverTo(deps, assignment, open);
  const handover = withDelivery(change.handover, delivery);
  const now = deps.clock.now();
  if (failure !== null) {
    const { sink, error } = failure;
    const cause = ownError('handover', 'SinkFailed', `${sink}: ${error.message} (${error.code})`);
    const isOver = now - Date.parse(open.since) >= sinkPatienceMs;
    if (!error.isRetryable || isOver) return fail({ ...change, handover }, cause);
    const due = { dueInMs: pauseAfterFailure(delivery.failures) };
    return advance(change, { handover, lastError: cause }, null, { kind: 'release', ...due });
  }
  const events = eventsOf(open, delivery);
  const isWaiting = delivery.acknowledgeUntil !== null && !delivery.isAcknowledged;
  if (!isWaiting) return goBack({ ...change, handover }, delivery, events);
  const leftMs = Date.parse(delivery.acknowledgeUntil ?? '') - now;
  if (leftMs <= 0) return fail({ ...change, handover }, notAcknowledged(delivery));
  const afterwards = { kind: 'release', dueInMs: leftMs } as const;
  const result = advance(change, { handover, lastError: null }, null, afterwards);
  return { ...result, events };
}

function openDeliveryOf({ id, handover }: ChangeRecord): ChangeDelivery {
  const open = handover.deliveries.find(({ stage }) => stage === 'open');
  if (open) return open;
  throw new AppError('internal', `${id} is to deliver something, and nothing is open`);
}

function notAcknowledged({ part, acknowledgeUntil }: ChangeDelivery): ReturnType<typeof ownError> {
  const which = part === connectionPart ? 'the connection' : part;
  const message = `nobody said until ${acknowledgeUntil} that the other side of ${which} has its new values; the cloud was not touched for it`;
  return ownError('handover', 'NotAcknowledged', message);
}

/** The delivery after every sink was asked that has not taken it; the first failure that there was. */
async function deliverTo(
  deps: StepDeps,
  assignment: Assignment,
  open: ChangeDelivery,
): Promise<{
  delivery: ChangeDelivery;
  failure: { sink: string; error: SinkError } | null;
}> {
  const left = assignment.terms.deliverTo.filter((name) => !open.deliveredTo.includes(name));
  const what = sinkDeliveryOf(assignment.change, open);
  const values = valuesOf(deps, assignment, open);
  let delivery = open;
  for (const sink of left) {
    const outcome = (await deps.sinks.get(sink)?.deliver(what, values)) ?? notConfigured;
    if (outcome.kind === 'failed') {
      const failures = delivery.failures + 1;
      return { delivery: { ...delivery, failures }, failure: { sink, error: outcome.error } };
    }
    const isAcknowledged = delivery.isAcknowledged || outcome.kind === 'acknowledged';
    delivery = { ...delivery, isAcknowledged, deliveredTo: [...delivery.deliveredTo, sink] };
  }
  return { delivery, failure: null };
}

const notConfigured = {
  kind: 'failed',
  error: {
    code: 'NotConfigured',
    message: 'there is no sink of this name any more',
    isRetryable: false,
    requestId: null,
  },
} as const;

/** What sinks are told of a delivery. The way back has versions of its own. */
export function sinkDeliveryOf(
  { id, jobId, regionId, vpnConnectionId }: ChangeRecord,
  { part, direction, since }: ChangeDelivery,
): Delivery {
  const tunnelId = part === connectionPart ? null : part;
  const version = `${versionOf(id, tunnelId)}${direction === 'back' ? '.back' : ''}`;
  return { version, jobId, changeId: id, regionId, vpnConnectionId, tunnelId, since };
}

/** What the part changes of what both sides must agree on, by the cloud's names. */
function valuesOf(
  deps: StepDeps,
  assignment: Assignment,
  { part }: ChangeDelivery,
): DeliveredValues {
  const whole = wholeChange(deps, assignment);
  const { wanted } = partNamed(part, whole);
  const differing = differencesOf(whole.base, maskFields(wanted, deps.digestKey));
  const entries = agreedAmong(differing).flatMap(({ tunnel, field }) => {
    const value = wanted[valuePath(tunnel, field)];
    return value === undefined ? [] : [[field, value] as const];
  });
  return Object.fromEntries(entries);
}

function eventsOf(before: ChangeDelivery, after: ChangeDelivery): readonly JournalEvent[] {
  const { part, direction, deliveredTo } = after;
  const events: JournalEvent[] = [];
  if (deliveredTo.length > before.deliveredTo.length) {
    events.push({ kind: 'delivered', data: { part, direction, sinks: deliveredTo } });
  }
  if (after.isAcknowledged && !before.isAcknowledged) {
    events.push({ kind: 'acknowledged', data: { part, direction, by: 'sink' } });
  }
  return events;
}

/** Everything is where it should be: the change goes on on its lane, in its turn if nothing of it was written. */
function goBack(
  change: ChangeRecord,
  delivery: ChangeDelivery,
  events: readonly JournalEvent[],
): StepResult {
  // What sinks are asked for later is counted from the beginning.
  const handover = withDelivery(change.handover, { ...delivery, stage: 'done', failures: 0 });
  const next = isHalfDone(change)
    ? ({ state: 'verifying', step: 'read' } as const)
    : ({ state: 'queued', step: null } as const);
  const kind = isHalfDone(change) ? 'wait' : 'requeue';
  const patch = { ...next, handover, lastError: null };
  const result = advance(change, patch, null, { kind, dueInMs: 0 });
  return events.reduceRight(preceded, result);
}
