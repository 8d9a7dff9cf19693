import type { ChangeRecord } from '../change/record.ts';
import { expandWithMade, type Wish } from '../change/wish-on-connection.ts';
import type { MaskedValues } from '../connection/mask.ts';
import { type FieldValues, isKeyPath, isValuePath } from '../connection/values.ts';
import {
  baseKeyContext,
  intentKeyContext,
  madeKeyContext,
  previousKeyContext,
} from '../secret/seal-context.ts';
import { openedKeysOf } from '../secret/sealed-keys.ts';
import type { Sealer } from '../secret/sealer.ts';
import type { StoredIntent } from './record.ts';

type Deps = { sealer: Sealer };

/** A change with what it wants. */
export interface WantedChange {
  change: ChangeRecord;
  intent: StoredIntent;
}

/** What a plan wants, its keys opened. Raises `internal` when one of them does not open. */
export function wishOf({ sealer }: Deps, intent: StoredIntent, jobId: string): Wish {
  const keys = openedKeysOf(sealer, intent.sealedKeys, (path) =>
    intentKeyContext(jobId, intent.number, path),
  );
  const { fields, acceptOutage, tunnelProof, expected } = intent;
  return {
    set: { ...fields, ...keys },
    acceptOutage,
    provesTunnels: tunnelProof !== 'none',
    restores: expected !== null,
  };
}

/** What a change wants, with the keys that were made for it. Raises `internal` when one of them does not open. */
export function wishOfChange(deps: Deps, { change, intent }: WantedChange): Wish {
  const made = openedKeysOf(deps.sealer, change.sealedMadeKeys, (path) =>
    madeKeyContext(change.jobId, change.id, path),
  );
  return { ...wishOf(deps, intent, change.jobId), made };
}

/** The fields of a connection as they are stored with its change, their keys opened. */
export function storedBase({ sealer }: Deps, change: ChangeRecord): FieldValues {
  const keys = openedKeysOf(sealer, change.sealedBaseKeys, (path) =>
    baseKeyContext(change.jobId, change.id, path),
  );
  return { ...withoutKeys(change.base), ...keys };
}

/** What a change replaced, as far as it still can be restored, keys opened. */
export function previousValues({ sealer }: Deps, change: ChangeRecord): FieldValues {
  const keys = openedKeysOf(sealer, change.sealedPreviousKeys, (path) =>
    previousKeyContext(change.jobId, change.id, path),
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
export function plannedValues(deps: Deps, wanted: WantedChange): FieldValues {
  const { attachType, tunnels } = wanted.change;
  const target = { attachType: attachType ?? 'VPNGW', tunnels, fields: {} };
  return expandWithMade(wishOfChange(deps, wanted), target).wanted;
}
