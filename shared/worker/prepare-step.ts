import { changedElsewhere } from '../change/changed-elsewhere.ts';
import { differencesOf, diffOf } from '../change/diff.ts';
import { deliveryOf, type HandoverProgress } from '../change/handover.ts';
import { nextPartOf, type PartOfChange, partNamed, standbyFirst } from '../change/parts.ts';
import { agreedAmong, proofToCome, verdictOf } from '../change/proof.ts';
import type { ChangeError, ChangeRecord } from '../change/record.ts';
import { clientTokenFor, fieldsToSend, requestDigestOf } from '../change/request.ts';
import { wishOnConnection } from '../change/wish-on-connection.ts';
import { keyField } from '../connection/fields.ts';
import { fingerprintOf, type MaskedValues, maskFields } from '../connection/mask.ts';
import { isUp, type VpnConnection } from '../connection/model.ts';
import { type FieldValues, isKeyPath, type PathParts, valuePath } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';
import { wishOfChange } from '../job/opened-values.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { makeKey } from '../rotation/make-key.ts';
import { baseKeyContext, madeKeyContext, previousKeyContext } from '../secret/seal-context.ts';
import { sealedKeysOf } from '../secret/sealed-keys.ts';
import { leaveToDeliver, mustHandOver } from './hand-over.ts';
import { isProofAsked, leaveToProve } from './leave-to-prove.ts';
import { restorableOn } from './restorable.ts';
import { advance, end, endBack, fail, ownError, readAtOf, type SeenAtEnd } from './step-results.ts';
import {
  isGoingBack,
  isHalfDone,
  isRestoring,
  rememberTunnels,
  stateOnLane,
  writeOnlyOf,
} from './stored-change.ts';
import { lostRedundancy, waitForTunnel, worseOff } from './tunnel-order.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** A connection that may be written to, and when it was read (monotonic milliseconds). */
interface Read {
  connection: VpnConnection;
  readAt: number;
}

/** What comes next of a change, on its connection as it was read. */
interface NextPart extends Read {
  base: MaskedValues;
  /** Everything wanted, and the same with keys as keyed digests. */
  wanted: FieldValues;
  masked: MaskedValues;
  differences: readonly PathParts[];
  part: ChangePart;
  tunnels: ChangeRecord['tunnels'];
  handover: HandoverProgress;
}

/**
 * Decides what comes next on a connection that was just read: makes the keys that are to be made, hands the next part's values
 * over, waits for the other tunnel, or stores the request for the part. Nothing is sent here.
 */
export function prepareStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  read: Read,
): StepResult {
  const { change } = assignment;
  const base = {
    ...writeOnlyOf(change.base),
    ...maskFields(read.connection.fields, deps.digestKey),
  };
  const target = isGoingBack(change)
    ? restorableOn(deps, assignment, base)
    : wantedOn(deps, assignment, { ...read, base });
  if (target.kind === 'result') return target.result;
  const masked = maskFields(target.wanted, deps.digestKey);
  const differences = differencesOf(base, masked);
  if (isStillToProve(change)) return leaveToProve(deps, change, { patch: { base }, event: null });
  const part = nextPartOf(differences, inOrderOf(assignment, read.connection.tunnels, base));
  if (part === null) {
    const seen = { readBack: 'nothing_left', readAt: readAtOf(deps, read.readAt) } as const;
    return nothingLeft(change, base, seen);
  }
  const found = { ...read, base, wanted: target.wanted, masked, differences, part };
  return prepare(deps, held, assignment, found);
}

/** Whether a part that an earlier try applied is to be judged anew: nothing else is touched before. */
function isStillToProve({ handover: { proof, direction } }: ChangeRecord): boolean {
  if (proof === null || proof.direction !== direction || !isProofAsked(proof)) return false;
  return verdictOf(proof) === null;
}

/** What is to be set, or what comes before that. */
type Target = { kind: 'wanted'; wanted: FieldValues } | { kind: 'result'; result: StepResult };

function wantedOn(
  deps: StepDeps,
  assignment: Assignment,
  { connection, base }: Read & { base: MaskedValues },
): Target {
  const { change, intent } = assignment;
  if (intent.expected !== null) {
    const before = maskFields(wishOfChange(deps, assignment).set, deps.digestKey);
    const error = changedElsewhere(base, { before, ours: intent.expected });
    // What cannot be restored any more keeps nobody from restoring the rest.
    if (error !== null)
      return { kind: 'result', result: { ...fail(change, error), isBorne: true } };
  }
  if (isMoved(assignment, fingerprintOf(base))) {
    const message =
      'somebody else changed the connection after the plan was accepted; submit again to go on from there';
    return { kind: 'result', result: fail(change, ownError('base_moved', 'BaseMoved', message)) };
  }
  if (intent.rotatePsk !== null && Object.keys(change.sealedMadeKeys).length === 0) {
    return { kind: 'result', result: makeKeys(deps, change, connection, intent.rotatePsk) };
  }
  const wish = wishOnConnection(wishOfChange(deps, assignment), connection);
  if (wish.kind === 'applicable') return { kind: 'wanted', wanted: wish.wanted };
  const error = ownError('refused', wish.code, wish.message);
  return { kind: 'result', result: fail(change, error) };
}

/** A key for each tunnel, stored before anything else is done with it. */
function makeKeys(
  deps: StepDeps,
  change: ChangeRecord,
  { tunnels }: VpnConnection,
  length: number,
): StepResult {
  const places = tunnels.length === 0 ? [null] : tunnels.map(({ tunnelId }) => tunnelId);
  const paths = places.map((tunnel) => valuePath(tunnel, keyField));
  const made = Object.fromEntries(paths.map((path) => [path, makeKey(deps.random, length)]));
  const sealedMadeKeys = sealedKeysOf(deps.sealer, made, (path) =>
    madeKeyContext(change.jobId, change.id, path),
  );
  return advance(
    change,
    { sealedMadeKeys },
    { kind: 'keys_made', data: { keys: paths } },
    { kind: 'keep' },
  );
}

/**
 * The standby first, unless the other one is worse off: it is down where values of before come back, or latent since our own last
 * change, so that it may go down at any time. The better one carries the traffic meanwhile. What was handed over already stays first.
 */
function inOrderOf(
  { change, intent, ownFingerprint, ownLatent }: Assignment,
  tunnels: VpnConnection['tunnels'],
  base: MaskedValues,
): VpnConnection['tunnels'] {
  const restores = isGoingBack(change) || isRestoring({ intent });
  const isOwn = ownLatent.length > 0 && fingerprintOf(base) === ownFingerprint;
  const placeOf = (tunnel: VpnConnection['tunnels'][number]): number => {
    const { tunnelId } = tunnel;
    if (deliveryOf(change.handover, tunnelId) !== null) return 0;
    const isWorse = restores ? !isUp(tunnel) : isOwn && ownLatent.includes(tunnelId);
    return isWorse ? 1 : 2;
  };
  return [...standbyFirst(tunnels)].sort((a, b) => placeOf(a) - placeOf(b));
}

function prepare(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
  found: Omit<NextPart, 'tunnels' | 'handover'>,
): StepResult {
  const { change, intent, terms } = assignment;
  const { connection, part, base, masked } = found;
  const delivery = deliveryOf(change.handover, part);
  const turningTo = { part, isHandedOver: delivery !== null || isGoingBack(change) };
  const tunnels = rememberTunnels(connection.tunnels, change.tunnels, turningTo);
  const agreed = agreedAmong(ofPart(found));
  if (part !== connectionPart) {
    const down = worseOff(change, connection.tunnels, part);
    if (down) return waitForTunnel(deps, assignment, { down, part, tunnels });
    const lost = lostOf(assignment, found, agreed);
    if (lost) return fail({ ...change, tunnels }, lost);
  }
  const { direction, proof: before } = change.handover;
  const about = { part, direction, agreed, connection, tunnels, base, wanted: masked };
  const proof = proofToCome({ ...about, asked: intent.tunnelProof, before });
  const next = { ...found, tunnels, handover: { ...change.handover, proof } };
  const diff = isHalfDone(change) ? change.diff : diffOf(base, masked);
  if (mustHandOver(terms, agreed, delivery)) {
    const progress = { base, diff, tunnels, handover: next.handover };
    return leaveToDeliver(deps, assignment, { part, progress });
  }
  return store(deps, held, change, { ...next, diff });
}

/**
 * Why the part is not written, where that would cost the only tunnel that is up. A change is not begun when one of its later parts
 * could not be written; once values were handed over, a tunnel may be down because its other side has them already. Where values of
 * before come back, what is down comes up first.
 */
function lostOf(
  assignment: Assignment,
  { part, connection, differences }: Omit<NextPart, 'tunnels' | 'handover'>,
  agreed: readonly PathParts[],
): ChangeError | null {
  const { change } = assignment;
  const { deliveries, proof } = change.handover;
  const isBegun = isHalfDone(change) || deliveries.length > 0 || proof !== null;
  const isOneByOne = isBegun || isRestoring(assignment);
  const all = agreedAmong(differences).flatMap(({ tunnel }) => tunnel ?? []);
  const parts = isOneByOne ? (agreed.length > 0 ? [part] : []) : [...new Set(all)];
  const lost = parts.map((each) => lostRedundancy(assignment, connection.tunnels, each));
  return lost.find((error) => error !== null) ?? null;
}

/** The differences that the part's write brings. */
function ofPart({
  part,
  wanted,
  base,
  connection,
  differences,
}: Omit<NextPart, 'tunnels' | 'handover'>): readonly PathParts[] {
  const share = partNamed(part, { wanted, base, tunnels: connection.tunnels });
  return differences.filter(({ tunnel, field }) => valuePath(tunnel, field) in share.wanted);
}

/** Stores the request for one part, to be sent next. */
function store(
  deps: StepDeps,
  held: HeldLane,
  change: ChangeRecord,
  next: NextPart & Pick<ChangeRecord, 'diff'>,
): StepResult {
  const { connection, part, base, tunnels, diff, differences } = next;
  const { attachType } = connection;
  const isDual = connection.tunnels.length > 0;
  const share = partNamed(part, { wanted: next.wanted, base, tunnels: connection.tunnels });
  const fields = fieldsToSend(connection.fields, share, { attachType, isDual });
  const { id: changeId, refusals, regionId, vpnConnectionId } = change;
  const target = { regionId, vpnConnectionId, attachType, part, tunnels: share.tunnels };
  const requestDigest = requestDigestOf({ ...target, fields }, deps.digestKey);
  const clientToken = clientTokenFor({ changeId, requestDigest, refusals });
  const sealedBaseKeys = sealedKeysOf(deps.sealer, connection.fields, (path) =>
    baseKeyContext(change.jobId, changeId, path),
  );
  held.preparedHere = clientToken;
  const request = { part, requestDigest, clientToken, sealedBaseKeys };
  const keys = keysIn(differences, share, sealedBaseKeys);
  const dual = isDual ? { part, ...dualEvidence(tunnels, fields, share) } : {};
  const way = isGoingBack(change) ? { direction: 'back' } : {};
  return advance(
    change,
    {
      state: stateOnLane(change),
      step: 'send',
      base,
      tunnels,
      diff,
      ...request,
      ...keepPrevious(deps, change, next),
      lastError: null,
    },
    { kind: 'prepared', data: { requestDigest, clientToken, keys, ...dual, ...way } },
    { kind: 'keep' },
  );
}

/** What the change replaces is kept as it stood before its first write. */
function keepPrevious(
  deps: StepDeps,
  change: ChangeRecord,
  { base, differences, connection, handover }: NextPart,
): Pick<ChangeRecord, 'handover' | 'sealedPreviousKeys'> {
  if (isHalfDone(change)) return { handover, sealedPreviousKeys: change.sealedPreviousKeys };
  const paths = new Set(differences.map(({ tunnel, field }) => valuePath(tunnel, field)));
  const isReplaced = (path: string): boolean => new Set<string>(paths).has(path);
  const entries = Object.entries(base).filter(([path]) => isReplaced(path));
  // What an earlier try of the change wrote is not replaced any more: what stood before that is still to be kept.
  const kept = Object.entries(handover.previous ?? {}).filter(([path]) => !isReplaced(path));
  const keptKeys = Object.entries(change.sealedPreviousKeys).filter(([path]) => !isReplaced(path));
  const replaced = Object.fromEntries(
    [...paths].filter(isKeyPath).map((path) => [path, connection.fields[path]]),
  );
  const sealed = sealedKeysOf(deps.sealer, replaced, (path) =>
    previousKeyContext(change.jobId, change.id, path),
  );
  const previous = Object.fromEntries([...kept, ...entries]);
  const sealedPreviousKeys = { ...Object.fromEntries(keptKeys), ...sealed };
  return { handover: { ...handover, previous }, sealedPreviousKeys };
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
  const resultFingerprint = fingerprintOf(base);
  if (isGoingBack(change)) return endBack({ ...change, resultFingerprint }, seen);
  const hasReplaced = Object.keys(change.handover.previous ?? {}).length > 0;
  if (!isHalfDone(change) && !hasReplaced)
    return end(change, 'unchanged', { patch: { diff: [], base }, seen });
  return end(change, 'succeeded', { patch: { resultFingerprint }, seen });
}

/** Whether the base is neither what the plan was resolved against nor what an earlier change of ours left. */
function isMoved({ change, ownFingerprint }: Assignment, fingerprint: string): boolean {
  if (change.base === null || fingerprint === ownFingerprint) return false;
  return fingerprintOf(change.base) !== fingerprint;
}
