import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import {
  blockOf,
  type FieldPath,
  type FieldValue,
  type FieldValues,
  fieldPaths,
  fieldTable,
} from '../connection/fields.ts';
import { Secret } from '../platform/secret.ts';
import { isStorable } from '../platform/storable.ts';

/** A `set` block as it is written: top-level fields and blocks of fields, in the cloud's own spelling. */
type NestedFields = Record<string, unknown>;
type Shape = Record<string, z.ZodType>;

function isFieldValue(value: unknown): value is FieldValue {
  return ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Secret;
}

/** Number fields take the texts of the cloud's answers; nothing else may turn into a number on the way. */
function onlyNumberLike(value: unknown): unknown {
  const isNumberLike =
    typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  return isNumberLike || value === undefined ? value : Number.NaN;
}

function leafOf(path: FieldPath): z.ZodType {
  const { schema } = fieldTable[path];
  const storable = schema.refine(isStorable, 'must not hold NUL or broken characters');
  const isNumber = schema instanceof z.ZodNumber;
  return (isNumber ? z.preprocess(onlyNumberLike, storable) : storable).optional();
}

function shapesOfTable(): Shape {
  const top: Shape = {};
  const blocks = new Map<string, Shape>();
  for (const path of fieldPaths) {
    const place = blockOf(path);
    if (place === null) {
      top[path] = leafOf(path);
      continue;
    }
    const shape = blocks.get(place.block) ?? {};
    shape[place.key] = leafOf(path);
    blocks.set(place.block, shape);
  }
  for (const [block, shape] of blocks) top[block] = z.strictObject(shape).optional();
  return top;
}

function isNested(value: unknown): value is NestedFields {
  return typeof value === 'object' && value !== null && !(value instanceof Secret);
}

/** Fields by their path, from the nested form. Values that are no field values are left out. */
function flatten(nested: unknown): FieldValues {
  if (!isNested(nested)) return {};
  const entries = fieldPaths.flatMap((path) => {
    const place = blockOf(path);
    const block = place === null ? nested : nested[place.block];
    const value = isNested(block) ? block[place?.key ?? path] : undefined;
    return isFieldValue(value) ? [[path, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** The nested form again, as a caller writes it. */
export function nestFields(values: FieldValues): NestedFields {
  const nested: NestedFields = {};
  for (const path of fieldPaths) {
    const value = values[path];
    if (value === undefined) continue;
    const place = blockOf(path);
    if (place === null) nested[path] = value;
    else {
      const block = nested[place.block];
      nested[place.block] = { ...(isNested(block) ? block : {}), [place.key]: value };
    }
  }
  return nested;
}

const everything = '0.0.0.0/0';

/** Source: ModifyVpnConnectionAttribute, `LocalSubnet`: destination routing or protected data flows, never half of each. */
function subnetsAgree(values: FieldValues): boolean {
  const lists = [values.LocalSubnet, values.RemoteSubnet].filter(
    (list) => typeof list === 'string',
  );
  const isWhole = lists.map((list) => list === everything);
  const isMixed = lists.some((list) => list !== everything && list.split(',').includes(everything));
  return !isMixed && new Set(isWhole).size <= 1;
}

/** Source: `BgpConfig.LocalBgpIp`, which must lie inside `TunnelCidr`. */
function peeringAgrees(values: FieldValues): boolean {
  const { 'BgpConfig.TunnelCidr': cidr, 'BgpConfig.LocalBgpIp': address } = values;
  if (typeof cidr !== 'string' || typeof address !== 'string') return true;
  if (!ipaddr.IPv4.isValidCIDR(cidr) || !ipaddr.IPv4.isValidFourPartDecimal(address)) return true;
  return ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

function isFilled(nested: NestedFields): boolean {
  return Object.values(nested).some((value) => !isNested(value) || Object.keys(value).length > 0);
}

/** Told together with the faults of single fields, not after them. */
const always = { when: () => true };

/**
 * A `set` block: which fields get which values. Written nested in the cloud's language, read into flat `FieldValues`;
 * keys are `Secret` from here on. Unknown keys and a block without any field are faults.
 */
export const FieldSet = z
  .strictObject(shapesOfTable())
  .refine(isFilled, {
    error: 'must name at least one field',
    when: ({ issues }) => issues.length === 0,
  })
  .refine((nested) => subnetsAgree(flatten(nested)), {
    path: ['RemoteSubnet'],
    error: 'LocalSubnet and RemoteSubnet must both be 0.0.0.0/0 or both be specific blocks',
    ...always,
  })
  .refine((nested) => peeringAgrees(flatten(nested)), {
    path: ['BgpConfig', 'LocalBgpIp'],
    error: 'must lie inside TunnelCidr',
    ...always,
  })
  .transform(flatten)
  .meta({ id: 'FieldSet' });
