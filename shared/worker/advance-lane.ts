import type { Assignment } from '../lane/lane-store.ts';
import { AppError, unreachable } from '../platform/errors.ts';
import { conclude } from './conclude.ts';
import { errandStep } from './errand-step.ts';
import { idsOf, observeStep } from './observe-step.ts';
import { readStep } from './read-step.ts';
import { sendStep } from './send-step.ts';
import { settleStep } from './settle-step.ts';
import { fail, ownError } from './step-results.ts';
import type { HeldLane, Recorder, StepDeps, StepResult } from './worker-deps.ts';

/**
 * Advances one lane as far as it goes without waiting: step after step, each written before the next begins, until the
 * lane has to wait for the cloud, has nothing to start, or was lost to another worker.
 */
export async function advanceLane(
  deps: StepDeps,
  record: Recorder,
  held: HeldLane,
  begun: Assignment | null,
): Promise<void> {
  let assignment = begun;
  for (;;) {
    const result: StepResult = assignment
      ? await runStep(deps, held, assignment)
      : { change: null, events: [], afterwards: { kind: 'next' } };
    const outcome = await record({ laneKey: held.laneKey, epoch: held.epoch, ...result });
    if (outcome.kind === 'lost') {
      const ids = assignment ? idsOf(assignment.change) : { laneKey: held.laneKey };
      deps.logger.warn('lane was lost to another worker', ids);
      return;
    }
    if (assignment) observeStep(deps, assignment.change, result);
    if (outcome.kind === 'next') {
      assignment = outcome.assignment;
      held.backlog = Math.max(0, held.backlog - 1);
    } else if (result.afterwards.kind === 'keep') assignment = carryOn(assignment, result);
    else return;
  }
}

function carryOn(assignment: Assignment | null, result: StepResult): Assignment | null {
  if (!assignment || !result.change) return assignment;
  return { ...assignment, change: { ...assignment.change, ...result.change } };
}

/**
 * One step, or the end of a change that cannot be carried on by anybody: its stored key does not open, or its stored
 * request is not what was stored. Other failures (a database that is away) leave the lane to its lease.
 */
async function runStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  try {
    const result = await deps.tracer.step(assignment.change, () =>
      nextStep(deps, held, assignment),
    );
    return conclude(result, assignment, held);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'internal') throw error;
    deps.logger.error('change cannot be carried on', { ...idsOf(assignment.change), error });
    return fail(
      assignment.change,
      ownError(
        'refused',
        'Internal',
        `${error.message}; look at the connection before you submit again`,
      ),
    );
  }
}

function nextStep(deps: StepDeps, held: HeldLane, assignment: Assignment): Promise<StepResult> {
  if (held.kind === 'change') return errandStep(deps, held, assignment);
  const { step } = assignment.change;
  switch (step) {
    case null:
    case 'read':
      return readStep(deps, held, assignment);
    case 'send':
      // A stored request that this run did not store may have been sent by whoever stored it.
      return held.preparedHere === assignment.change.clientToken
        ? sendStep(deps, held, assignment)
        : settleStep(deps, held, assignment);
    case 'settle':
    case 'reconcile':
      return settleStep(deps, held, assignment);
    case 'deliver':
    case 'prove':
      throw new AppError('internal', 'what belongs off its lane was found on it');
    default:
      return unreachable(step);
  }
}
