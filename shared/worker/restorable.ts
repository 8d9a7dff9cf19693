import { changedElsewhere } from '../change/changed-elsewhere.ts';
import { type MaskedValues, maskFields } from '../connection/mask.ts';
import type { FieldValues } from '../connection/values.ts';
import { plannedValues, previousValues } from '../job/opened-values.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { fail } from './step-results.ts';
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
  const error = changedElsewhere(base, {
    before: maskFields(previous, deps.digestKey),
    ours: maskFields(plannedValues(deps, assignment), deps.digestKey),
  });
  return error === null
    ? { kind: 'wanted', wanted: previous }
    : { kind: 'result', result: fail(change, error) };
}
