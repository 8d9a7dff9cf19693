import { comparableValue, type MaskedValues } from '../connection/mask.ts';
import { isValuePath, shownPath } from '../connection/values.ts';
import type { ChangeError } from './record.ts';

/**
 * Why values of before are not restored on a connection: somewhere neither they stand nor what took their place, but something
 * of somebody else. Null when they may be. All values are masked under one key.
 */
export function changedElsewhere(
  base: MaskedValues,
  { before, ours }: { before: MaskedValues; ours: MaskedValues },
): ChangeError | null {
  const theirs = Object.keys(before)
    .filter(isValuePath)
    .filter((path) => !holds(path, base, before) && !holds(path, base, ours));
  if (theirs.length === 0) return null;
  const message = `${theirs.map(shownPath).join(', ')} hold values of somebody else; nothing was taken back`;
  return { code: 'ChangedElsewhere', class: 'changed_elsewhere', message, requestId: null };
}

function holds(path: string, base: MaskedValues, values: MaskedValues): boolean {
  const [stands, value] = [base[path], values[path]];
  if (stands === undefined || value === undefined) return stands === value;
  return comparableValue(path, stands) === comparableValue(path, value);
}
