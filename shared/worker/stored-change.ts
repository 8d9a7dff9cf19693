import { type PartOfChange, partNamed, type WholeChange } from '../change/parts.ts';
import type { ChangeRecord, ChangeTunnel } from '../change/record.ts';
import { expandWithMade, type Wish } from '../change/wish-on-connection.ts';
import { fieldTable } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import { isUp, type Tunnel } from '../connection/model.ts';
import { type FieldValues, isKeyPath, isValuePath, partsOf } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';
import type { StoredIntent } from '../job/record.ts';
import type { Assignment } from '../lane/lane-store.ts';
import {
  baseKeyContext,
  intentKeyContext,
  madeKeyContext,
  previousKeyContext,
} from '../secret/seal-context.ts';
import { openedKeysOf } from '../secret/sealed-keys.ts';
import type { Sealer } from '../secret/sealer.ts';

type Deps = { sealer: Sealer };

/** What a plan wants, its keys opened. Raises `internal` when one of them does not open. */
export function wishOf({ sealer }: Deps, intent: StoredIntent, jobId: string): Wish {
  const keys = openedKeysOf(sealer, intent.sealedKeys, (path) =>
    intentKeyContext(jobId, intent.number, path),
  );
  const { fields, acceptOutage, tunnelProof } = intent;
  return { set: { ...fields, ...keys }, acceptOutage, provesTunnels: tunnelProof !== 'none' };
}

/** What a change wants, with the keys that were made for it. Raises `internal` when one of them does not open. */
export function wishOfChange(deps: Deps, { change, intent }: Assignment): Wish {
  const made = openedKeysOf(deps.sealer, change.sealedMadeKeys, (path) =>
    madeKeyContext(change.jobId, change.id, path),
  );
  return { ...wishOf(deps, intent, change.jobId), made };
}

/** The fields of a connection as they are stored with its change, their keys opened. */
export function storedBase({ sealer }: Deps, change: ChangeRecord): FieldValues {
  const keys = openedKeysOf(sealer, change.sealedBaseKeys, (path) =>
    baseKeyContext(change.id, path),
  );
  return { ...withoutKeys(change.base), ...keys };
}

/** What a change replaced, as far as it still can be restored, keys opened. */
export function previousValues({ sealer }: Deps, change: ChangeRecord): FieldValues {
  const keys = openedKeysOf(sealer, change.sealedPreviousKeys, (path) =>
    previousKeyContext(change.id, path),
  );
  return { ...withoutKeys(change.handover.previous), ...keys };
}

function withoutKeys(values: MaskedValues | null): FieldValues {
  const entries = Object.entries(values ?? {}).filter(
    ([path]) => isValuePath(path) && !isKeyPath(path),
  );
  return Object.fromEntries(entries);
}

/** What the plan wants of the connection as it is stored. */
export function plannedValues(deps: Deps, assignment: Assignment): FieldValues {
  const { attachType, tunnels } = assignment.change;
  const target = { attachType: attachType ?? 'VPNGW', tunnels, fields: {} };
  return expandWithMade(wishOfChange(deps, assignment), target).wanted;
}

/** Everything that a change wants now, on the connection as it is stored: the plan's values, or those of before. */
export function wholeChange(deps: Deps, assignment: Assignment): WholeChange {
  const { change } = assignment;
  const wanted = isGoingBack(change)
    ? previousValues(deps, change)
    : plannedValues(deps, assignment);
  return { wanted, base: change.base ?? {}, tunnels: change.tunnels };
}

/** The part of a change that its stored request is for. */
export function storedPart(deps: Deps, assignment: Assignment): PartOfChange {
  return partNamed(assignment.change.part ?? connectionPart, wholeChange(deps, assignment));
}

/** Whether what the change wrote is being taken back. */
export function isGoingBack({ handover }: Pick<ChangeRecord, 'handover'>): boolean {
  return handover.direction === 'back';
}

/** Whether some part of the change was applied already: then it cannot go back to the queue, nor be cancelled. */
export function isHalfDone(change: Pick<ChangeRecord, 'settledAttempts' | 'handover'>): boolean {
  return change.settledAttempts > 0 || isGoingBack(change);
}

/** The state of a change at work on its lane. */
export function stateOnLane(change: ChangeRecord): 'applying' | 'rolling_back' {
  return isGoingBack(change) ? 'rolling_back' : 'applying';
}

/** What is write-only among some values: no answer repeats it, so it is remembered. */
export function writeOnlyOf(values: MaskedValues | null): MaskedValues {
  return Object.fromEntries(
    Object.entries(values ?? {}).filter(([path]) => {
      const parts = partsOf(path);
      return parts !== null && !fieldTable[parts.field].readable;
    }),
  );
}

/**
 * The tunnels as they are now, with what is remembered of them. The one that is turned to is judged afresh; not so once its new
 * values were handed over, since then its other side may have let go of the old ones already.
 */
export function rememberTunnels(
  tunnels: readonly Tunnel[],
  before: readonly ChangeTunnel[],
  turningTo: { part: ChangePart; isHandedOver: boolean } | null = null,
): readonly ChangeTunnel[] {
  return tunnels.map((tunnel) => {
    const known = before.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
    const isTurnedTo = turningTo?.part === tunnel.tunnelId;
    const remembered = isTurnedTo && !turningTo.isHandedOver ? null : (known?.wasUp ?? null);
    const wasUp = remembered ?? (isTurnedTo ? isUp(tunnel) : null);
    const { tunnelId, role, index, state, negotiation } = tunnel;
    const verdict = known?.verdict ?? null;
    return { tunnelId, role, index, state, negotiation, wasUp, verdict };
  });
}
