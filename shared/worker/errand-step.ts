import { isFinalChange } from '../change/state.ts';
import type { Assignment } from '../lane/lane-store.ts';
import { deliverStep } from './deliver-step.ts';
import { proveStep } from './prove-step.ts';
import { tidyStep } from './tidy-step.ts';
import type { HeldLane, StepDeps, StepResult } from './worker-deps.ts';

/** One step of what a change does off its lane. */
export async function errandStep(
  deps: StepDeps,
  held: HeldLane,
  assignment: Assignment,
): Promise<StepResult> {
  const { state, step } = assignment.change;
  if (isFinalChange(state)) return tidyStep(deps, held, assignment);
  if (step === 'deliver') return deliverStep(deps, assignment);
  if (step === 'prove') return proveStep(deps, held, assignment);
  // It went back to its lane already.
  return { change: null, events: [], afterwards: { kind: 'next' } };
}
