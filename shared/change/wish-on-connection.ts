import { keyField } from '../connection/fields.ts';
import { meansSame } from '../connection/mask.ts';
import { entriesOf, type FieldValues, type ValueEntry } from '../connection/values.ts';
import { type ExpandedWish, expandWish, type WishTarget } from './expand-wish.ts';
import { refusalsOf, type WishRefusal } from './wish-refusals.ts';
import { type WishWarning, warningsOf } from './wish-warnings.ts';

/** What a plan wants of one connection. */
export interface Wish {
  /** The plan's `set`, keys opened, tunnels under the names that the plan gives them. */
  set: FieldValues;
  acceptOutage: boolean;
  /** Whether each tunnel is proved before the other one is changed. */
  provesTunnels: boolean;
  /** Whether it brings values of before back: what stood on the connection once needs no rules of ours to be allowed there. */
  restores?: boolean;
  /** Keys that were made for this connection, by its own places. */
  made?: FieldValues;
}

/** What a wish comes to on a connection as it was read. */
export type WishOnConnection =
  | {
      kind: 'applicable';
      /** What to set, by path; those of tunnels under the tunnels' ids. Holds also what stands already. */
      wanted: FieldValues;
      warnings: readonly WishWarning[];
    }
  | ({ kind: 'refused' } & WishRefusal);

/**
 * What a plan's wish means on a connection: which values where, what to warn of, or why it cannot be. Pure, and the one
 * place for this: resolving, previews and the steps before a write all ask here. A refusal names all faults of its kind.
 */
export function wishOnConnection(wish: Wish, connection: WishTarget): WishOnConnection {
  const { wanted, faults, ignored } = expandWithMade(wish, connection);
  const [first] = faults;
  if (first) {
    const message = faults.map((fault) => fault.message).join('; ');
    return { kind: 'refused', code: first.code, path: first.path, message };
  }
  const changing = entriesOf(wanted).filter((entry) => isChanging(entry, connection.fields));
  const [refusal] = wish.restores ? [] : refusalsOf({ ...wish, wanted, changing, connection });
  if (refusal) return { kind: 'refused', ...refusal };
  return {
    kind: 'applicable',
    wanted,
    warnings: warningsOf({ ...wish, wanted, changing, ignored, connection }),
  };
}

/** A wish in the terms of one connection, each made key at its own place. */
export function expandWithMade(
  { set, made = {} }: Pick<Wish, 'set' | 'made'>,
  connection: WishTarget,
): ExpandedWish {
  const [anyKey] = Object.values(made);
  if (anyKey === undefined) return expandWish(set, connection);
  const expanded = expandWish({ ...set, [keyField]: anyKey }, connection);
  return { ...expanded, wanted: { ...expanded.wanted, ...made } };
}

/** Whether the connection holds another value, or none that is known. */
function isChanging({ path, value }: ValueEntry, base: FieldValues): boolean {
  const stands = base[path];
  return stands === undefined || !meansSame(path, stands, value);
}
