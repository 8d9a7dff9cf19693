import { ApiFault } from './errors.ts';
import { invalid, membersOf, type Parameters } from './parameters.ts';
import type { BlockRules } from './rules.ts';

/** The keys that a block gives, checked; what it leaves out is not in it. */
export type Block = ReadonlyMap<string, string>;

/**
 * Reads a block that is a JSON text, as those of single-tunnel connections are; undefined when it is not given.
 * @throws ApiFault `InvalidParameter`, or the code of the first rule that is broken.
 */
export function jsonBlock(
  params: Parameters,
  name: string,
  rules: BlockRules,
  keyOf: (key: string) => string = (key) => key,
): Block | undefined {
  const text = params.get(name);
  if (text === undefined || text === '') return undefined;
  const entries = Object.entries(parseObject(name, text));
  return checked(
    entries.map(([key, value]) => [keyOf(key), value] as const),
    rules,
  );
}

/**
 * Reads a block that is flattened, `NAME.Key`, as those of tunnels are; undefined when no key is given.
 * @throws ApiFault as {@link jsonBlock}.
 */
export function flatBlock(params: Parameters, name: string, rules: BlockRules): Block | undefined {
  const members = membersOf(params, name);
  return members.size === 0 ? undefined : checked([...members], rules);
}

/** Null and empty values count as left out: nothing can be cleared (assumption). Unknown keys are ignored. */
function checked(
  entries: readonly (readonly [key: string, value: unknown])[],
  rules: BlockRules,
): Block {
  const block = new Map<string, string>();
  for (const [key, value] of entries) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (!rule || value === null || value === '') continue;
    if (typeof value === 'object' || !rule.accepts(String(value))) throw new ApiFault(rule.code);
    block.set(key, String(value));
  }
  return block;
}

function parseObject(name: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Answered below: a text that does not parse is as wrong as one that is no object.
  }
  throw invalid(name);
}
