import { diffOf } from '../change/diff.ts';
import type { ChangeRecord } from '../change/record.ts';
import { clientTokenFor, fieldsToSend, requestDigestOf } from '../change/request.ts';
import { dualTunnel } from '../change/resolve-change.ts';
import { fingerprintOf, maskFields } from '../connection/mask.ts';
import { isDeadState, isSettledState, type VpnConnection } from '../connection/model.ts';
import type { Assignment, Due } from '../lane/lane-store.ts';
import { Secret } from '../platform/secret.ts';
import { baseKeyContext } from '../secret/seal-context.ts';
import { lookFor } from './look.ts';
import {
  advance,
  end,
  fail,
  isHopeless,
  onTick,
  ownError,
  requeue,
  storedError,
} from './step-results.ts';
import { wantedFields } from './wanted.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** A base read so short ago, since the lane is ours, is as good as one of its own. */
const freshMs = 1_000;

/**
 * Reads the connection just before its first write, checks that nobody else moved it, and stores the request that is to
 * be sent. Nothing is sent here.
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
    return requeue(change, storedError(sight.error), { due, refused: false });
  }
  if (sight.kind === 'gateway_updating') return waitForOthers(deps, change);
  const { connection } = sight;
  if (connection === null) return fail(change, notFound(change));
  const obstacle = obstacleOf(connection);
  if (obstacle) return fail(change, obstacle);
  if (!isSettledState(connection)) return waitForOthers(deps, change);
  return prepare(deps, held, assignment, connection);
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
  return requeue(change, error, { due: retryAt(deps, undefined), refused: false });
}

function notFound(change: ChangeRecord): ReturnType<typeof ownError> {
  return ownError(
    'not_found',
    'NotFound',
    `there is no connection ${change.vpnConnectionId} in ${change.regionId}`,
  );
}

function obstacleOf(connection: VpnConnection): ReturnType<typeof ownError> | null {
  if (connection.tunnelMode === 'dual') return dualTunnel;
  if (!isDeadState(connection)) return null;
  return ownError(
    'locked',
    'ConnectionLocked',
    `the connection is ${connection.state} and takes no change`,
  );
}

function prepare(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  connection: VpnConnection,
): StepResult {
  const { change } = assignment;
  const base = maskFields(connection.fields, deps.digestKey);
  if (isMoved(assignment, fingerprintOf(base))) {
    const message =
      'somebody else changed the connection after the plan was accepted; submit again to go on from there';
    return fail(change, ownError('base_moved', 'BaseMoved', message));
  }
  const wanted = wantedFields(deps, assignment.intent, change.jobId);
  const diff = diffOf(base, maskFields(wanted, deps.digestKey));
  if (diff.length === 0) return end(change, 'unchanged', { diff, base });
  const fields = fieldsToSend(connection.fields, wanted);
  const requestDigest = requestDigestOf({ ...connection, fields }, deps.digestKey);
  const clientToken = clientTokenFor({
    changeId: change.id,
    requestDigest,
    refusals: change.refusals,
  });
  const key = connection.fields['IkeConfig.Psk'];
  const sealedBaseKey =
    key instanceof Secret ? deps.sealer.seal(key, baseKeyContext(change.id)) : null;
  held.preparedHere = clientToken;
  return advance(
    change,
    { step: 'send', base, sealedBaseKey, diff, requestDigest, clientToken, lastError: null },
    { kind: 'prepared', data: { requestDigest, clientToken } },
    { kind: 'keep' },
  );
}

/** Whether the base is neither what the plan was resolved against nor what an earlier change of ours left. */
function isMoved({ change, ownFingerprint }: Assignment, fingerprint: string): boolean {
  if (change.base === null || fingerprint === ownFingerprint) return false;
  return fingerprintOf(change.base) !== fingerprint;
}
