import { fieldPaths, fieldTable } from '../connection/fields.ts';
import { comparableValue, type MaskedValues } from '../connection/mask.ts';
import { Secret } from '../platform/secret.ts';
import type { DiffEntry } from './record.ts';

const keyPath = 'IkeConfig.Psk';
const shownKey = String(new Secret(''));

/**
 * What `wanted` would change of `base`, by field path in the table's order; empty when nothing.
 * Both sides are masked under the same key, so that keys compare by value and show as `***`.
 * A field that `base` does not know, or that no answer holds, counts as different, from `null`.
 */
export function diffOf(base: MaskedValues, wanted: MaskedValues): readonly DiffEntry[] {
  return fieldPaths.flatMap((path): DiffEntry[] => {
    const to = wanted[path];
    if (to === undefined) return [];
    const from = fieldTable[path].readable ? base[path] : undefined;
    if (from !== undefined && comparableValue(path, from) === comparableValue(path, to)) return [];
    if (path === keyPath)
      return [{ path, from: from === undefined ? null : shownKey, to: shownKey }];
    return [{ path, from: from ?? null, to }];
  });
}
