import { comparableValue, type MaskedValues } from '../connection/mask.ts';
import { isKeyPath, isValuePath, shownPath } from '../connection/values.ts';
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

/** Why values of before are not restored: a key among them is kept no longer. Null when all that the change set has one of before. */
export function keptNoLonger({
  before,
  ours,
}: {
  before: MaskedValues;
  ours: MaskedValues;
}): ChangeError | null {
  const erased = Object.keys(ours).filter((path) => isKeyPath(path) && before[path] === undefined);
  if (erased.length === 0) return null;
  const message = `what stood at ${erased.filter(isValuePath).map(shownPath).join(', ')} before is kept no longer; nothing was taken back`;
  return { code: 'RollbackExpired', class: 'refused', message, requestId: null };
}

function holds(path: string, base: MaskedValues, values: MaskedValues): boolean {
  const [stands, value] = [base[path], values[path]];
  if (stands === undefined || value === undefined) return stands === value;
  return comparableValue(path, stands) === comparableValue(path, value);
}
