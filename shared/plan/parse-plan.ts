import type { z } from 'zod';
import { AppError, type Fault } from '../platform/errors.ts';
import { faultsOf, plainMessage } from '../platform/http/faults.ts';
import { setKeys } from './nested-fields.ts';
import { contextFaults, type PlanContext } from './plan-context.ts';
import { maxTargets, Plan, ScheduledPlan } from './schema.ts';
import { Selector } from './selector.ts';

/** Keys that a caller may expect and that a plan does not have there, with what to do instead. */
const notThere: ReadonlyMap<string, string> = new Map([
  ['duration', 'is for the plans of schedules; give notBefore or notAfter'],
  [
    'notBefore',
    'is not for the plans of schedules; give a duration, counted from the planned time',
  ],
  ['notAfter', 'is not for the plans of schedules; give a duration, counted from the planned time'],
  ['NetworkType', 'the network type of a connection cannot be changed; leave it out'],
  ['ClientToken', 'each request gets a token of its own; leave it out'],
]);

const knownKeys: ReadonlyMap<string, string> = new Map(
  [...Object.keys(Selector.shape), ...Object.keys(Plan.shape), ...setKeys].map((key) => [
    key.toLowerCase(),
    key,
  ]),
);

function unknownKey(key: string): string {
  const known = knownKeys.get(key.toLowerCase());
  // A block of the connection in the entry of a tunnel: there it has another name.
  const meant = known === key ? knownKeys.get(`tunnel${key.toLowerCase()}`) : known;
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return notThere.get(key) ?? `is not known here${hint}`;
}

/**
 * A plan from parsed JSON or YAML. Raises `invalid_plan` with every fault by JSON pointer;
 * no fault repeats a value, so that no key is ever echoed.
 */
export function parsePlan(input: unknown, context: PlanContext): Plan {
  return soundPlan(checked(Plan, input, context));
}

/** The plan of a schedule, as {@link parsePlan}. */
export function parseScheduledPlan(input: unknown, context: PlanContext): ScheduledPlan {
  return soundPlan(checkScheduledPlan(input, context));
}

type Checked<Kind> = { kind: 'plan'; plan: Kind } | { kind: 'faults'; faults: readonly Fault[] };

/** The same, the faults as a value: for what holds a plan among other things. */
export function checkScheduledPlan(input: unknown, context: PlanContext): Checked<ScheduledPlan> {
  return checked(ScheduledPlan, input, context);
}

function soundPlan<Kind>(outcome: Checked<Kind>): Kind {
  if (outcome.kind === 'plan') return outcome.plan;
  throw invalidPlan(outcome.faults);
}

function checked<Kind>(
  schema: z.ZodType<Kind>,
  input: unknown,
  context: PlanContext,
): Checked<Kind> {
  const { head, faults: sizeFaults } = withinSize(input);
  const parsed = schema.safeParse(head, { error: plainMessage });
  const faults = [
    ...sizeFaults,
    ...(parsed.success ? [] : faultsOf(parsed.error, unknownKey)),
    ...contextFaults(head, context),
  ];
  if (parsed.success && faults.length === 0) return { kind: 'plan', plan: parsed.data };
  return { kind: 'faults', faults };
}

/** Too long a list of targets is told as one fault; looking at millions of entries would help nobody. */
function withinSize(input: unknown): { head: unknown; faults: readonly Fault[] } {
  if (typeof input !== 'object' || input === null || !('targets' in input)) {
    return { head: input, faults: [] };
  }
  const { targets } = input;
  if (!Array.isArray(targets) || targets.length <= maxTargets) return { head: input, faults: [] };
  return {
    head: { ...input, targets: targets.slice(0, 1) },
    faults: [{ path: '/targets', message: `must be at most ${maxTargets} targets` }],
  };
}

/** The error that tells all faults of a plan. */
export function invalidPlan(faults: readonly Fault[]): AppError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  return new AppError('invalid_plan', `the plan has ${count}`, { faults });
}
