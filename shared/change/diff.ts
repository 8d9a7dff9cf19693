import { fieldTable } from '../connection/fields.ts';
import { comparableValue, type MaskedValues } from '../connection/mask.ts';
import {
  isKeyPath,
  type PathParts,
  shownPath,
  valuePath,
  valuePathsOf,
} from '../connection/values.ts';
import { Secret } from '../platform/secret.ts';
import type { DiffEntry } from './record.ts';

const shownKey = String(new Secret(''));
/** The old value of a field that no answer of the cloud holds. */
const unreadable = 'unknown';

/**
 * Where `base` is not as `wanted`, by path in the order of the field table, those of tunnels last. Both are masked under
 * the same key. What `base` does not hold counts as different; it holds a write-only field only once we wrote it.
 */
export function differencesOf(base: MaskedValues, wanted: MaskedValues): readonly PathParts[] {
  return valuePathsOf(Object.keys(wanted)).filter(({ tunnel, field }) => {
    const path = valuePath(tunnel, field);
    const [from, to] = [base[path], wanted[path]];
    if (to === undefined) return false;
    return from === undefined || comparableValue(path, from) !== comparableValue(path, to);
  });
}

/**
 * The differences as callers see them: paths in the cloud's own spelling, keys as `***`, an old value that is not known as
 * `null`, one that nobody can read as `unknown`.
 */
export function diffOf(base: MaskedValues, wanted: MaskedValues): readonly DiffEntry[] {
  return shownDifferences(differencesOf(base, wanted), base, wanted);
}

/** The same, of differences that are known already. */
export function shownDifferences(
  differences: readonly PathParts[],
  base: MaskedValues,
  wanted: MaskedValues,
): readonly DiffEntry[] {
  return differences.flatMap(({ tunnel, field }): DiffEntry[] => {
    const path = valuePath(tunnel, field);
    const [from, to] = [base[path], wanted[path]];
    if (to === undefined) return [];
    const shown = shownPath(path);
    if (isKeyPath(path)) {
      return [{ path: shown, from: from === undefined ? null : shownKey, to: shownKey }];
    }
    const unknown = fieldTable[field].readable ? null : unreadable;
    return [{ path: shown, from: from ?? unknown, to }];
  });
}
