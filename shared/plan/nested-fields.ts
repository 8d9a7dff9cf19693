import {
  blockOf,
  type FieldPath,
  type FieldValue,
  fieldPaths,
  otherSpellings,
} from '../connection/fields.ts';
import { tunnelRoles } from '../connection/model.ts';
import { type TunnelNames, tunnelNamesOf, tunnelNamesText } from '../connection/tunnel-names.ts';
import { entriesOf, type FieldValues, valuePath } from '../connection/values.ts';
import { Secret } from '../platform/secret.ts';

/** A `set` block as it is written: top-level fields, blocks of fields and tunnels, in the cloud's own spelling. */
export type NestedFields = Record<string, unknown>;

export const tunnelList = 'TunnelOptionsSpecification';
/** By what an entry of {@link tunnelList} names its tunnel. */
export const tunnelNameKeys = ['TunnelId', 'Role', 'TunnelIndex'] as const;

export function isNested(value: unknown): value is NestedFields {
  return typeof value === 'object' && value !== null && !(value instanceof Secret);
}

function isFieldValue(value: unknown): value is FieldValue {
  return ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Secret;
}

/** Where a spelling of a field stands in nested form: in a block (`TunnelIkeConfig` in a tunnel's entry), or beside them. */
export function placeOf(
  spelling: string,
  inTunnel: boolean,
): { block: string | null; key: string } {
  const dot = spelling.indexOf('.');
  if (dot < 0) return { block: null, key: spelling };
  const block = spelling.slice(0, dot);
  return { block: inTunnel ? `Tunnel${block}` : block, key: spelling.slice(dot + 1) };
}

/** Every spelling of a field, the cloud's usual one first. */
export function spellingsOf(path: FieldPath): readonly string[] {
  const others = Object.entries(otherSpellings).filter(([, field]) => field === path);
  return [path, ...others.map(([spelling]) => spelling)];
}

/** What stands in nested form under a spelling of a field; undefined when nothing does. */
export function valueIn(nested: unknown, spelling: string, inTunnel: boolean): unknown {
  if (!isNested(nested)) return undefined;
  const { block, key } = placeOf(spelling, inTunnel);
  const bag = block === null ? nested : nested[block];
  return isNested(bag) ? bag[key] : undefined;
}

/** How an entry of {@link tunnelList} names its tunnel. */
export function namesIn(entry: unknown): TunnelNames {
  const { TunnelId, Role, TunnelIndex } = isNested(entry) ? entry : {};
  return {
    tunnelId: typeof TunnelId === 'string' ? TunnelId : null,
    role: tunnelRoles.find((role) => role === Role) ?? null,
    index: typeof TunnelIndex === 'number' ? TunnelIndex : null,
  };
}

/** The fields of a `set` block, or of one entry of its tunnels, by path. What is no field value is left out. */
export function fieldsIn(nested: unknown, names: TunnelNames | null = null): FieldValues {
  const tunnel = names && tunnelNamesText(names);
  const entries = fieldPaths.flatMap((path) => {
    const value = spellingsOf(path)
      .map((spelling) => valueIn(nested, spelling, names !== null))
      .find(isFieldValue);
    return value === undefined ? [] : [[valuePath(tunnel, path), value] as const];
  });
  return Object.fromEntries(entries);
}

/** The fields of a whole `set` block by path, those of its tunnels under their names. */
export function flattenSet(nested: unknown): FieldValues {
  const entries = isNested(nested) ? nested[tunnelList] : undefined;
  const tunnels = Array.isArray(entries) ? entries : [];
  const parts = tunnels.map((entry) => fieldsIn(entry, namesIn(entry)));
  return Object.assign({}, fieldsIn(nested), ...parts);
}

/** The nested form again, as a caller writes it. */
export function nestFields(values: FieldValues): NestedFields {
  const set: NestedFields = {};
  const tunnels = new Map<string, NestedFields>();
  for (const { tunnel, field, value } of entriesOf(values)) {
    if (tunnel === null) put(set, field, value, false);
    else {
      const entry = tunnels.get(tunnel) ?? namesEntry(tunnelNamesOf(tunnel));
      tunnels.set(tunnel, entry);
      put(entry, field, value, true);
    }
  }
  return tunnels.size === 0 ? set : { ...set, [tunnelList]: [...tunnels.values()] };
}

function namesEntry({ tunnelId, role, index }: TunnelNames): NestedFields {
  return {
    ...(tunnelId === null ? {} : { TunnelId: tunnelId }),
    ...(role === null ? {} : { Role: role }),
    ...(index === null ? {} : { TunnelIndex: index }),
  };
}

function put(nested: NestedFields, field: FieldPath, value: FieldValue, inTunnel: boolean): void {
  const { block, key } = placeOf(field, inTunnel);
  if (block === null) nested[key] = value;
  else {
    const bag = nested[block];
    nested[block] = { ...(isNested(bag) ? bag : {}), [key]: value };
  }
}

/** Every key that a `set` block can have at any depth. */
export const setKeys: readonly string[] = [
  tunnelList,
  ...tunnelNameKeys,
  ...fieldPaths.flatMap((path) => {
    const block = blockOf(path)?.block;
    const keys = spellingsOf(path).map((spelling) => placeOf(spelling, false).key);
    return block === undefined ? keys : [block, `Tunnel${block}`, ...keys];
  }),
];
