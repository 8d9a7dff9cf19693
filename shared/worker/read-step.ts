import { differencesOf, diffOf } from '../change/diff.ts';
import { nextPartOf, type PartOfChange, partNamed } from '../change/parts.ts';
import type { ChangeRecord } from '../change/record.ts';
import { clientTokenFor, fieldsToSend, requestDigestOf } from '../change/request.ts';
import { wishOnConnection } from '../change/wish-on-connection.ts';
import { fingerprintOf, type MaskedValues, maskFields } from '../connection/mask.ts';
import {
  isDeadState,
  isSettledState,
  isUp,
  type Tunnel,
  type VpnConnection,
} from '../connection/model.ts';
import { type FieldValues, isKeyPath, type PathParts, valuePath } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';
import type { Assignment, Due } from '../lane/lane-store.ts';
import { baseKeyContext } from '../secret/seal-context.ts';
import { sealedKeysOf } from '../secret/sealed-keys.ts';
import { lookFor } from './look.ts';
import { pauseAfter } from './patience.ts';
import {
  advance,
  end,
  fail,
  isHopeless,
  onTick,
  ownError,
  putOff,
  readAtOf,
  type SeenAtEnd,
  storedError,
  wait,
} from './step-results.ts';
import { isHalfDone, rememberTunnels, wishOf, writeOnlyOf } from './stored-change.ts';
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
  return prepare(deps, held, assignment, { connection, readAt });
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

function prepare(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  { connection, readAt }: { connection: VpnConnection; readAt: number },
): StepResult {
  const { change } = assignment;
  const base = { ...writeOnlyOf(change.base), ...maskFields(connection.fields, deps.digestKey) };
  if (isMoved(assignment, fingerprintOf(base))) {
    const message =
      'somebody else changed the connection after the plan was accepted; submit again to go on from there';
    return fail(change, ownError('base_moved', 'BaseMoved', message));
  }
  const wish = wishOnConnection(wishOf(deps, assignment.intent, change.jobId), connection);
  if (wish.kind === 'refused') return fail(change, ownError('refused', wish.code, wish.message));
  const wanted = maskFields(wish.wanted, deps.digestKey);
  const differences = differencesOf(base, wanted);
  const part = nextPartOf(differences, connection.tunnels);
  if (part === null) {
    const seen = { readBack: 'nothing_left', readAt: readAtOf(deps, readAt) } as const;
    return nothingLeft(change, base, seen);
  }
  const tunnels = rememberTunnels(connection.tunnels, change.tunnels, part);
  const down = part === connectionPart ? undefined : worseOff(change, connection.tunnels, part);
  if (down) return waitForTunnel(deps, change, { down, part, tunnels });
  const diff = isHalfDone(change) ? change.diff : diffOf(base, wanted);
  const found = { base, diff, tunnels, differences };
  return store(deps, held, change, { connection, wanted: wish.wanted, part, found });
}

/** Stores the request for one part, to be sent next. */
function store(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  input: {
    connection: VpnConnection;
    wanted: FieldValues;
    part: ChangePart;
    found: Pick<ChangeRecord, 'diff' | 'tunnels'> & {
      base: MaskedValues;
      differences: readonly PathParts[];
    };
  },
): StepResult {
  const { connection, part } = input;
  const { differences, ...found } = input.found;
  const { attachType, tunnels } = connection;
  const share = partNamed(part, { wanted: input.wanted, base: found.base, tunnels });
  const isDual = tunnels.length > 0;
  const fields = fieldsToSend(connection.fields, share, { attachType, isDual });
  const { regionId, vpnConnectionId } = change;
  const target = { regionId, vpnConnectionId, attachType, part, tunnels: share.tunnels };
  const requestDigest = requestDigestOf({ ...target, fields }, deps.digestKey);
  const { id: changeId, refusals } = change;
  const clientToken = clientTokenFor({ changeId, requestDigest, refusals });
  const sealedBaseKeys = sealedKeysOf(deps.sealer, connection.fields, (path) =>
    baseKeyContext(changeId, path),
  );
  held.preparedHere = clientToken;
  const request = { part, requestDigest, clientToken, sealedBaseKeys };
  const keys = keysIn(differences, share, sealedBaseKeys);
  const dual = isDual ? { part, ...dualEvidence(found.tunnels, fields, share) } : {};
  return advance(
    change,
    { state: 'applying', step: 'send', ...found, ...request, lastError: null },
    { kind: 'prepared', data: { requestDigest, clientToken, keys, ...dual } },
    { kind: 'keep' },
  );
}

/** Places of keys, never keys: those that the request changes, and those of before that are kept with it. */
function keysIn(
  differences: readonly PathParts[],
  { wanted }: PartOfChange,
  kept: ChangeRecord['sealedBaseKeys'],
): { fresh: readonly string[]; kept: readonly string[] } {
  const paths = differences.map(({ tunnel, field }) => valuePath(tunnel, field));
  return {
    fresh: paths.filter((path) => isKeyPath(path) && path in wanted),
    kept: Object.keys(kept),
  };
}

/** What a request to one of two tunnels is judged by afterwards. */
function dualEvidence(
  tunnels: ChangeRecord['tunnels'],
  fields: FieldValues,
  { wanted }: PartOfChange,
): Readonly<Record<string, unknown>> {
  const seen = tunnels.map((tunnel) => {
    return { tunnelId: tunnel.tunnelId, isUp: isUp(tunnel), wasUp: tunnel.wasUp };
  });
  if (!('EffectImmediately' in fields)) return { tunnels: seen };
  return {
    tunnels: seen,
    effectImmediately: 'EffectImmediately' in wanted ? 'planned' : 'unplanned',
  };
}

function nothingLeft(change: ChangeRecord, base: MaskedValues, seen: SeenAtEnd): StepResult {
  if (!isHalfDone(change)) return end(change, 'unchanged', { patch: { diff: [], base }, seen });
  return end(change, 'succeeded', { patch: { resultFingerprint: fingerprintOf(base) }, seen });
}

/** A tunnel that this change has written to, that was up before, and that is not up now. */
function worseOff(
  change: ChangeRecord,
  tunnels: readonly Tunnel[],
  part: ChangePart,
): Tunnel | undefined {
  return tunnels.find((tunnel) => {
    const before = change.tunnels.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
    return tunnel.tunnelId !== part && before?.wasUp === true && !isUp(tunnel);
  });
}

/** The other tunnel carries the traffic meanwhile: it is not touched before this one is as well off as it was. */
function waitForTunnel(
  deps: StepDeps,
  change: ChangeRecord,
  { down, part, tunnels }: { down: Tunnel; part: ChangePart; tunnels: ChangeRecord['tunnels'] },
): StepResult {
  const { verifyTimeoutMs, pollIntervalMs } = deps.settings;
  const waitedMs = change.partAppliedAt === null ? 0 : waitedFor(deps, change);
  if (waitedMs >= verifyTimeoutMs) {
    const seconds = Math.round(verifyTimeoutMs / 1_000);
    const message = `tunnel ${down.tunnelId} was changed and did not come up again within ${seconds} s; ${part} was left as it is`;
    return fail(change, ownError('tunnel_down', 'TunnelDown', message));
  }
  const message = `tunnel ${down.tunnelId} was changed and is not up again; ${part} is changed after that`;
  const lastError = ownError('tunnel_down', 'TunnelNotUp', message);
  return wait(change, { lastError, tunnels }, onTick(deps, pollIntervalMs));
}

/** Whether the base is neither what the plan was resolved against nor what an earlier change of ours left. */
function isMoved({ change, ownFingerprint }: Assignment, fingerprint: string): boolean {
  if (change.base === null || fingerprint === ownFingerprint) return false;
  return fingerprintOf(change.base) !== fingerprint;
}
