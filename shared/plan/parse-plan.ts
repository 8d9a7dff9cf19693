import { AppError, type Fault } from '../platform/errors.ts';
import { faultsOf, plainMessage } from '../platform/http/faults.ts';
import { setKeys } from './nested-fields.ts';
import { maxTargets, Plan } from './schema.ts';
import { Selector } from './selector.ts';

/** Keys that a caller may expect and a plan does not have, or not yet, with what to do without them. */
const notThere: ReadonlyMap<string, string> = new Map([
  ['rotatePsk', 'making keys is not available in this version; set IkeConfig.Psk'],
  ['handover', 'handover of keys is not available in this version; leave it out'],
  ['window', 'windows are not available in this version; leave it out'],
  ['timeoutSeconds', 'verification of tunnels is not available in this version; leave it out'],
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
export function parsePlan(input: unknown): Plan {
  const checked = checkPlan(input);
  if (checked.kind === 'plan') return checked.plan;
  throw invalidPlan(checked.faults);
}

/** As {@link parsePlan}, the faults as a value: for what holds a plan among other things. */
export function checkPlan(
  input: unknown,
): { kind: 'plan'; plan: Plan } | { kind: 'faults'; faults: readonly Fault[] } {
  const { head, faults: sizeFaults } = withinSize(input);
  const parsed = Plan.safeParse(head, { error: plainMessage });
  const faults = [...sizeFaults, ...(parsed.success ? [] : faultsOf(parsed.error, unknownKey))];
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
