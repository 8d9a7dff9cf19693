import {
  appliesTo,
  blockOf,
  type FieldBlock,
  type FieldPath,
  type FieldPlace,
  type FieldValue,
  fieldPaths,
  fieldTable,
  keyField,
} from '../../connection/fields.ts';
import type { AttachType } from '../../connection/model.ts';
import { type FieldValues, valuePath } from '../../connection/values.ts';
import { Secret } from '../../platform/secret.ts';

type Bag = Readonly<Record<string, unknown>>;

/** Requests and answers name two of the blocks differently. Source: DescribeVpnConnection. */
const answerBlocks: Record<FieldBlock, string> = {
  IkeConfig: 'IkeConfig',
  IpsecConfig: 'IpsecConfig',
  BgpConfig: 'VpnBgpConfig',
  HealthCheckConfig: 'VcoHealthCheck',
};

/** A field as it is found in an answer. */
interface AnsweredField {
  path: FieldPath;
  block: string | null;
  /** Keys of answers begin with a capital, also where those of requests do not (`enable`, `dip`). */
  keys: readonly string[];
}

function answeredField(path: FieldPath, place: FieldPlace): AnsweredField {
  const parts = blockOf(path);
  if (parts === null) return { path, block: null, keys: [path] };
  const { block, key } = parts;
  return {
    path,
    block: place === 'tunnel' ? `Tunnel${block}` : answerBlocks[block],
    keys: [key.slice(0, 1).toUpperCase() + key.slice(1), key],
  };
}

function answeredAt(place: FieldPlace): readonly AnsweredField[] {
  return fieldPaths
    .filter((path) => fieldTable[path].readable && fieldTable[path].takers[place] !== 'none')
    .map((path) => answeredField(path, place));
}

const answered: Readonly<Record<FieldPlace, readonly AnsweredField[]>> = {
  single: answeredAt('single'),
  dual: answeredAt('dual'),
  tunnel: answeredAt('tunnel'),
};

/**
 * The readable fields of an answer, or of a tunnel in it, that connections of the attach type have at this place. What a
 * place does not have is left out, whatever the answer holds there (a dual-tunnel one repeats `EnableDpd` at its top).
 */
export function fieldsIn(
  answer: Bag,
  where: { place: FieldPlace; attachType: AttachType; tunnel?: string },
): FieldValues {
  const { place, attachType, tunnel = null } = where;
  const found = answered[place].flatMap(({ path, block, keys }) => {
    if (!appliesTo(path, place, attachType)) return [];
    const bag = block === null ? answer : bagIn(answer, block);
    const raw = keys.map((key) => bag[key]).find((value) => value !== undefined);
    const value = fieldValueOf(path, raw);
    return value === null ? [] : [[valuePath(tunnel, path), value] as const];
  });
  return Object.fromEntries(found);
}

const nothing: Bag = {};

function bagIn(answer: Bag, block: string): Bag {
  const bag = answer[block];
  return isBag(bag) ? bag : nothing;
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an id field holds instead of an id: `leftId-not-exist` in older documents. */
const notThere = /-not-exist$/;

/** The value by the field's own rule where it fits, else as answered; null for none, which is also the empty text. */
function fieldValueOf(path: FieldPath, raw: unknown): FieldValue | null {
  if (typeof raw !== 'string' && typeof raw !== 'number' && typeof raw !== 'boolean') return null;
  if (raw === '') return null;
  if (path === keyField) return new Secret(String(raw));
  if (typeof raw === 'string' && notThere.test(raw) && isNegotiationId(path)) return null;
  const parsed = fieldTable[path].schema.safeParse(raw);
  return parsed.success ? parsed.data : raw;
}

function isNegotiationId(path: FieldPath): boolean {
  return path === 'IkeConfig.LocalId' || path === 'IkeConfig.RemoteId';
}
