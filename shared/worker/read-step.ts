import type { ChangeRecord } from '../change/record.ts';
import { isDeadState, isSettledState, type VpnConnection } from '../connection/model.ts';
import type { Assignment, Due } from '../lane/lane-store.ts';
import { lookFor } from './look.ts';
import { pauseAfter } from './patience.ts';
import { prepareStep } from './prepare-step.ts';
import { fail, isHopeless, onTick, ownError, putOff, storedError } from './step-results.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** A base read so short ago, since the lane is ours, is as good as one of its own. */
const freshMs = 1_000;

/**
 * Reads the connection just before a write, checks that nobody else moved it, and stores the request that is to be sent:
 * the first part of the change that still differs. Nothing is sent here.
 */
export async function readStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  const { change } = assignment;
  // A lane that was found busy is not written to again before its gateway says that it is done.
  const sight = await lookFor(deps, held, assignment, {
    awaitsGateway: change.refusals > 0,
    notBefore: Math.max(held.since, deps.clock.monotonic() - freshMs),
  });
  if (sight.kind === 'failed') {
    if (isHopeless(sight.error.class)) return fail(change, storedError(sight.error));
    const due = retryAt(deps, sight.error.retryInMs);
    return putOff(change, storedError(sight.error), { due, refused: false });
  }
  if (sight.kind === 'gateway_updating') return waitForOthers(deps, change);
  const { connection, readAt } = sight;
  if (connection === null) return fail(change, notFound(change));
  const obstacle = obstacleOf(connection);
  if (obstacle) return fail(change, obstacle);
  if (!isSettledState(connection)) return waitForOthers(deps, change);
  return prepareStep(deps, held, assignment, { connection, readAt });
}

/** When a put-off step is worth another try: when the budget says, or on the next tick. */
export function retryAt(deps: StepDeps, retryInMs: number | undefined): Due {
  return retryInMs === undefined
    ? onTick(deps, deps.settings.pollIntervalMs)
    : { dueInMs: retryInMs };
}

function waitForOthers(deps: StepDeps, change: ChangeRecord): StepResult {
  const error = ownError(
    'busy',
    'Busy',
    'the cloud is busy with another change here; waiting until it is done',
  );
  const { pollIntervalMs } = deps.settings;
  const pause = pauseAfter(waitedFor(deps, change), pollIntervalMs);
  return putOff(change, error, {
    due: onTick(deps, Math.max(pollIntervalMs, pause)),
    refused: false,
  });
}

/** For how long the part that comes next has been tried, milliseconds. */
function waitedFor(deps: StepDeps, { partAppliedAt, startedAt }: ChangeRecord): number {
  const since = partAppliedAt ?? startedAt;
  return since === null ? 0 : deps.clock.now() - Date.parse(since);
}

function notFound(change: ChangeRecord): ReturnType<typeof ownError> {
  return ownError(
    'not_found',
    'NotFound',
    `there is no connection ${change.vpnConnectionId} in ${change.regionId}`,
  );
}

function obstacleOf(connection: VpnConnection): ReturnType<typeof ownError> | null {
  if (!isDeadState(connection)) return null;
  return ownError(
    'locked',
    'ConnectionLocked',
    `the connection is ${connection.state} and takes no change`,
  );
}
