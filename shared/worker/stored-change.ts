import { expandWish } from '../change/expand-wish.ts';
import { type PartOfChange, partNamed, type WholeChange } from '../change/parts.ts';
import type { ChangeRecord, ChangeTunnel } from '../change/record.ts';
import type { Wish } from '../change/wish-on-connection.ts';
import { fieldTable } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import { isUp, type Tunnel } from '../connection/model.ts';
import { type FieldValues, isKeyPath, isValuePath, partsOf } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';
import type { StoredIntent } from '../job/record.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { baseKeyContext, intentKeyContext } from '../secret/seal-context.ts';
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

/** The fields of a connection as they are stored with its change, their keys opened. */
export function storedBase({ sealer }: Deps, change: ChangeRecord): FieldValues {
  const entries = Object.entries(change.base ?? {}).filter(
    ([path]) => isValuePath(path) && !isKeyPath(path),
  );
  const keys = openedKeysOf(sealer, change.sealedBaseKeys, (path) =>
    baseKeyContext(change.id, path),
  );
  return { ...Object.fromEntries(entries), ...keys };
}

/** Everything that a change wants, on the connection as it is stored. */
export function wholeChange(deps: Deps, { change, intent }: Assignment): WholeChange {
  const { set } = wishOf(deps, intent, change.jobId);
  const { attachType, tunnels } = change;
  const { wanted } = expandWish(set, { attachType: attachType ?? 'VPNGW', tunnels, fields: {} });
  return { wanted, base: change.base ?? {}, tunnels };
}

/** The part of a change that its stored request is for. */
export function storedPart(deps: Deps, assignment: Assignment): PartOfChange {
  return partNamed(assignment.change.part ?? connectionPart, wholeChange(deps, assignment));
}

/** Whether some part of the change was applied already: then it cannot go back to the queue, nor be cancelled. */
export function isHalfDone({ settledAttempts }: ChangeRecord): boolean {
  return settledAttempts > 0;
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

/** The tunnels as they are now, with what is remembered of them; the one that is about to be written is judged afresh. */
export function rememberTunnels(
  tunnels: readonly Tunnel[],
  before: readonly ChangeTunnel[],
  writing: ChangePart | null = null,
): readonly ChangeTunnel[] {
  return tunnels.map((tunnel) => {
    const known = before.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
    const wasUp = tunnel.tunnelId === writing ? isUp(tunnel) : (known?.wasUp ?? null);
    const { tunnelId, role, index, state, negotiation } = tunnel;
    return { tunnelId, role, index, state, negotiation, wasUp };
  });
}
