import { comparableValue, type MaskedValues, maskFields } from '../connection/mask.ts';
import { type FieldValues, isValuePath, shownPath } from '../connection/values.ts';
import { plannedValues, previousValues } from '../job/opened-values.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { fail, ownError } from './step-results.ts';
import type { StepDeps, StepResult } from './worker-deps.ts';

/**
 * What takes a change back on a connection as it was read: its previous values where ours still stand. Where somebody else's
 * stand, nothing is taken back: the change ends `failed`, and says where.
 */
export function restorableOn(
  deps: StepDeps,
  assignment: Assignment,
  base: MaskedValues,
): { kind: 'wanted'; wanted: FieldValues } | { kind: 'result'; result: StepResult } {
  const { change } = assignment;
  const previous = previousValues(deps, change);
  const before = maskFields(previous, deps.digestKey);
  const ours = maskFields(plannedValues(deps, assignment), deps.digestKey);
  const holds = (path: string, values: MaskedValues): boolean => {
    const [stands, value] = [base[path], values[path]];
    if (stands === undefined || value === undefined) return stands === value;
    return comparableValue(path, stands) === comparableValue(path, value);
  };
  const theirs = Object.keys(before)
    .filter(isValuePath)
    .filter((path) => !holds(path, before) && !holds(path, ours));
  if (theirs.length === 0) return { kind: 'wanted', wanted: previous };
  const message = `${theirs.map(shownPath).join(', ')} hold values of somebody else; nothing was taken back`;
  const error = ownError('changed_elsewhere', 'ChangedElsewhere', message);
  return { kind: 'result', result: fail(change, error) };
}
