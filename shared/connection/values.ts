import {
  blockOf,
  type FieldPath,
  type FieldValue,
  fieldPaths,
  fieldTable,
  isFieldPath,
  keyField,
} from './fields.ts';

/**
 * Where a value belongs: a field of the connection (`IkeConfig.Psk`), or the same field of one tunnel
 * (`tun-abc/IkeConfig.Psk`). What stands before the slash names the tunnel: its id in what is read, wanted and sent; any
 * of its names in what a plan says ({@link TunnelNames}).
 */
export type ValuePath = FieldPath | TunnelPath;
type TunnelPath = `${string}/${FieldPath}`;

/** Values by path. What is absent is unknown (when read) or left as it is (when wanted). */
export type FieldValues = Readonly<Partial<Record<ValuePath, FieldValue>>>;

/** A path taken apart: `tunnel` is null for a field of the connection. */
export interface PathParts {
  tunnel: string | null;
  field: FieldPath;
}

/** The path of a field of a tunnel, or of the connection when `tunnel` is null. */
export function valuePath(tunnel: string | null, field: FieldPath): ValuePath {
  return tunnel === null ? field : `${tunnel}/${field}`;
}

/** A text taken apart as a path; null when it is none. */
export function partsOf(text: string): PathParts | null {
  const slash = text.indexOf('/');
  const field = text.slice(slash + 1);
  if (slash === 0 || !isFieldPath(field)) return null;
  return { tunnel: slash < 0 ? null : text.slice(0, slash), field };
}

export function isValuePath(text: string): text is ValuePath {
  return partsOf(text) !== null;
}

/** Whether the path is that of a pre-shared key. */
export function isKeyPath(text: string): boolean {
  return partsOf(text)?.field === keyField;
}

/** The path in the cloud's own spelling, as callers see it: `TunnelOptionsSpecification[tun-abc].TunnelIkeConfig.Psk`. */
export function shownPath(text: string): string {
  const parts = partsOf(text);
  if (parts === null || parts.tunnel === null) return text;
  const { tunnel, field } = parts;
  return `TunnelOptionsSpecification[${tunnel}].${blockOf(field) ? 'Tunnel' : ''}${field}`;
}

/** A value with its path, whole and taken apart. */
export interface ValueEntry extends PathParts {
  path: ValuePath;
  value: FieldValue;
}

/** The values that are present: those of the connection first, then those of each tunnel; in the table's order. */
export function entriesOf(values: FieldValues): readonly ValueEntry[] {
  const entries: ValueEntry[] = [];
  for (const tunnel of tunnelsIn(Object.keys(values))) {
    for (const field of fieldPaths) {
      const path = valuePath(tunnel, field);
      const value = values[path];
      if (value !== undefined) entries.push({ tunnel, field, path, value });
    }
  }
  return entries;
}

/** Those of some texts that are paths, taken apart, in the order of {@link entriesOf}. */
export function valuePathsOf(texts: readonly string[]): readonly PathParts[] {
  const present = new Set(texts);
  return tunnelsIn(texts).flatMap((tunnel) =>
    fieldPaths
      .filter((field) => present.has(valuePath(tunnel, field)))
      .map((field) => ({ tunnel, field })),
  );
}

/** Null for the connection, then the tunnels of some paths by their names: walking the table is quicker than sorting paths. */
function tunnelsIn(texts: readonly string[]): readonly (string | null)[] {
  const names = new Set<string>();
  for (const text of texts) {
    const slash = text.indexOf('/');
    if (slash > 0) names.add(text.slice(0, slash));
  }
  return [null, ...[...names].sort()];
}

/** `base` with each value of `wanted` laid over it. */
export function overlay(base: FieldValues, wanted: FieldValues): FieldValues {
  return { ...base, ...wanted };
}

/**
 * Whether a list answer is not enough to change these fields: one of them, or another field of a block that is sent whole
 * with it, is missing there.
 */
export function needsOwnRead(wanted: FieldValues): boolean {
  const own = entriesOf(wanted).filter(({ tunnel }) => tunnel === null);
  const blocks = new Set(own.map(({ field }) => blockOf(field)?.block ?? field));
  return fieldPaths.some(
    (path) =>
      fieldTable[path].readable &&
      !fieldTable[path].listed &&
      blocks.has(blockOf(path)?.block ?? path),
  );
}
