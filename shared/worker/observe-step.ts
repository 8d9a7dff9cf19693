import type { ChangeRecord } from '../change/record.ts';
import { isFinalChange } from '../change/state.ts';
import { madeAt } from '../platform/id.ts';
import type { LogFields } from '../platform/logger.ts';
import { openFor } from './step-results.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/** What every log line about a change names. */
export function idsOf({ id, jobId, vpnConnectionId, laneKey }: ChangeRecord): LogFields {
  return { jobId, changeId: id, vpnConnectionId, laneKey };
}

/** Tells of a step whose result was written: a line for the step, one for a change's end, and what is counted of it. */
export function observeStep(
  deps: StepDeps,
  before: ChangeRecord,
  { change: after, events }: StepResult,
): void {
  const ids = idsOf(before);
  if (after === null) {
    deps.logger.debug('change is not settled yet', { ...ids, step: before.step });
    return;
  }
  const { state, attempts, lastError } = after;
  const facts = {
    ...ids,
    state,
    attempts,
    ...told(events),
    ...(lastError ? { error: lastError } : {}),
  };
  if (hasSettled(before, events)) observeSettling(deps, before);
  if (!isFinalChange(state)) {
    deps.logger.debug('step done', { ...facts, step: before.step ?? 'read', next: after.step });
    return;
  }
  deps.logger.info(state === 'failed' ? 'change failed' : 'change finished', facts);
  deps.tally.count('changes_finished_total', { state, code: lastError?.code ?? '' });
  observeWait(deps, before);
}

/** What the step was about, and the request id by which the cloud's support finds it. */
function told(events: StepResult['events']): LogFields {
  const [event] = events;
  if (event === undefined) return {};
  const { requestId } = event.data;
  return {
    event: event.kind,
    ...(typeof requestId === 'string' ? { cloudRequestId: requestId } : {}),
  };
}

/** Whether the step saw the cloud done with what was sent. */
function hasSettled({ step, sentAt }: ChangeRecord, events: StepResult['events']): boolean {
  if (sentAt === null || (step !== 'settle' && step !== 'reconcile')) return false;
  return events.some(
    ({ kind, data }) =>
      kind === 'part_applied' || (kind === 'finished' && data.state === 'succeeded'),
  );
}

function observeSettling(deps: StepDeps, change: ChangeRecord): void {
  const of = change.attachType === 'VPNGW' ? 'gateway' : 'attachment';
  deps.tally.observe('settle_seconds', { of }, openFor(deps, change) / 1_000);
}

/** Ids tell when they were made, which is when the change was accepted. */
function observeWait({ tally }: StepDeps, { id, startedAt }: ChangeRecord): void {
  const acceptedAt = madeAt(id);
  if (startedAt === null || acceptedAt === null) return;
  tally.observe('change_wait_seconds', {}, (Date.parse(startedAt) - acceptedAt) / 1_000);
}
