import { fieldTable } from '../connection/fields.ts';
import { comparableValue, type MaskedValues } from '../connection/mask.ts';
import { valuePath, valuePathsOf } from '../connection/values.ts';

/** What reading back a connection says about a write. */
export type ReadBack =
  /** Every wanted value stands; `others` are fields that somebody else changed meanwhile. */
  | { kind: 'applied'; others: readonly string[] }
  /** Everything is as it was before. */
  | { kind: 'not_applied' }
  /** A wanted field holds neither the old nor the wanted value, or only some were taken. */
  | { kind: 'changed_elsewhere'; fields: readonly string[] };

/** The paths of all readable fields, of the connection and of its tunnels, that any of the three holds. */
function readablePathsOf(...all: readonly MaskedValues[]): readonly string[] {
  const texts = [...new Set(all.flatMap((values) => Object.keys(values)))];
  return valuePathsOf(texts)
    .filter(({ field }) => fieldTable[field].readable)
    .map(({ tunnel, field }) => valuePath(tunnel, field));
}

function same(
  path: string,
  a: MaskedValues[string] | undefined,
  b: MaskedValues[string] | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return comparableValue(path, a) === comparableValue(path, b);
}

/**
 * Compares all readable fields of a connection with what they were before a write and what it wanted. All three are
 * masked under the same key. Write-only fields are in no answer and cannot speak.
 */
export function compareReadBack(values: {
  base: MaskedValues;
  wanted: MaskedValues;
  observed: MaskedValues;
}): ReadBack {
  const { base, wanted, observed } = values;
  const readable = readablePathsOf(base, wanted, observed);
  const asked = readable.filter((path) => wanted[path] !== undefined);
  // A field that one of the two reads does not show says nothing.
  const shown = readable.filter((path) => base[path] !== undefined && observed[path] !== undefined);
  const others = shown.filter(
    (path) => wanted[path] === undefined && !same(path, base[path], observed[path]),
  );
  const missed = asked.filter((path) => !same(path, wanted[path], observed[path]));
  if (missed.length === 0) return { kind: 'applied', others };
  const moved = missed.filter((path) => !same(path, base[path], observed[path]));
  const changing = asked.filter((path) => !same(path, base[path], wanted[path]));
  if (moved.length === 0 && missed.length === changing.length) return { kind: 'not_applied' };
  return { kind: 'changed_elsewhere', fields: moved.length > 0 ? moved : missed };
}
