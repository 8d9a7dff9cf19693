import { fingerprintOf, type MaskedValues } from '../connection/mask.ts';
import type { AttachType } from '../connection/model.ts';
import { digestOf } from '../platform/canonical.ts';

/** A plan with what it found, each key as a keyed digest. */
export interface ResolvedPlan {
  /** The plan as it may be shown. */
  plan: unknown;
  /** The keyed digests of the keys that its wishes name, by their paths, in the order of the wishes. */
  keys: readonly Readonly<Record<string, string>>[];
  /** One for each change, in plan order. */
  targets: readonly ResolvedTarget[];
}

/** A connection that is to be changed, as it was found. */
export interface ResolvedTarget {
  regionId: string;
  vpnConnectionId: string;
  /** The wish that is meant for it. */
  intentNumber: number;
  /** Null, like `fields`, when the change was refused. */
  attachType: AttachType | null;
  fields: MaskedValues | null;
}

/**
 * The digest under which people approve a plan: SHA-256 over the canonical JSON of the plan and, for each target in plan
 * order, its wish, its attachment and its changeable fields as found. The same whether lists or the connections
 * themselves were read, and whatever is negotiated, busy or in flight.
 */
export function planDigestOf({ plan, keys, targets }: ResolvedPlan): string {
  return digestOf({
    plan,
    keys,
    targets: targets.map(({ regionId, vpnConnectionId, intentNumber, attachType, fields }) => ({
      regionId,
      vpnConnectionId,
      intentNumber,
      attachType,
      fields: fields === null ? null : fingerprintOf(fields),
    })),
  });
}
