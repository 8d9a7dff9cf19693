import { z } from 'zod';
import { isInside, routingAgrees } from '../connection/cross-rules.ts';
import { type FieldPath, fieldPaths, fieldTable, otherSpellings } from '../connection/fields.ts';
import { tunnelRoles } from '../connection/model.ts';
import * as rule from '../connection/rules.ts';
import type { FieldValues } from '../connection/values.ts';
import { isStorable } from '../platform/storable.ts';
import {
  fieldsIn,
  flattenSet,
  isNested,
  type NestedFields,
  namesIn,
  placeOf,
  spellingsOf,
  tunnelList,
  tunnelNameKeys,
  valueIn,
} from './nested-fields.ts';

type Shape = Record<string, z.ZodType>;

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

/** The fields that may stand in a `set` block, or in the entry of a tunnel, nested as they are written. */
function shapeFor(inTunnel: boolean): Shape {
  const top: Shape = {};
  const blocks = new Map<string, Shape>();
  for (const path of fieldPaths) {
    if (inTunnel && fieldTable[path].takers.tunnel === 'none') continue;
    for (const spelling of spellingsOf(path)) {
      const { block, key } = placeOf(spelling, inTunnel);
      const shape = block === null ? top : (blocks.get(block) ?? {});
      shape[key] = leafOf(path);
      if (block !== null) blocks.set(block, shape);
    }
  }
  for (const [block, shape] of blocks) top[block] = z.strictObject(shape).optional();
  return top;
}

/** Told of whole blocks; single fields that are no texts have faults of their own. */
function subnetsAgree({ LocalSubnet, RemoteSubnet }: FieldValues): boolean {
  return routingAgrees([LocalSubnet, RemoteSubnet].filter((list) => typeof list === 'string'));
}

function peeringAgrees(nested: unknown, inTunnel: boolean): boolean {
  const cidr = valueIn(nested, 'BgpConfig.TunnelCidr', inTunnel);
  const address = valueIn(nested, 'BgpConfig.LocalBgpIp', inTunnel);
  if (typeof cidr !== 'string' || typeof address !== 'string') return true;
  return isInside(address, cidr);
}

/** One field under two of its names could be given two values. */
function reportDoubles(nested: unknown, inTunnel: boolean, context: z.RefinementCtx): void {
  for (const [spelling, path] of Object.entries(otherSpellings)) {
    const both = [spelling, path].map((name) => valueIn(nested, name, inTunnel));
    if (both.includes(undefined)) continue;
    const { block, key } = placeOf(spelling, inTunnel);
    context.addIssue({
      code: 'custom',
      path: block === null ? [key] : [block, key],
      message: `is the same field as ${path}; give one of them`,
    });
  }
}

/** Told together with the faults of single fields, not after them. */
const always = { when: () => true };
const whenSound = { when: ({ issues }: z.core.ParsePayload): boolean => issues.length === 0 };
const outside = 'must lie inside TunnelCidr';

function isFilled(nested: NestedFields): boolean {
  return Object.values(nested).some((value) => !isNested(value) || Object.keys(value).length > 0);
}

/**
 * What one tunnel of a dual-tunnel connection gets. Source: `TunnelOptionsSpecification` of ModifyVpnConnectionAttribute
 * (`TunnelId`, `Role`) and ModifyVpnAttachmentAttribute (`TunnelId`, `TunnelIndex`).
 */
const TunnelEntry = z
  .strictObject({
    TunnelId: rule.TunnelId.optional().describe('The tunnel, by its id.'),
    Role: z.enum(tunnelRoles).optional().describe('The tunnel of a VPN gateway, by its role.'),
    TunnelIndex: rule.TunnelIndex.optional().describe(
      'The tunnel of an attachment, by its number.',
    ),
    ...shapeFor(true),
  })
  .refine((entry) => tunnelNameKeys.some((key) => isNested(entry) && entry[key] !== undefined), {
    error: 'must name its tunnel by TunnelId, Role or TunnelIndex',
    ...whenSound,
  })
  .refine((entry) => Object.keys(fieldsIn(entry, namesIn(entry))).length > 0, {
    error: 'must name at least one field besides its tunnel',
    ...whenSound,
  })
  .refine((entry) => peeringAgrees(entry, true), {
    path: ['TunnelBgpConfig', 'LocalBgpIp'],
    error: outside,
    ...always,
  })
  .superRefine((entry, context) => reportDoubles(entry, true, context), always)
  .meta({ id: 'TunnelFieldSet' });

/** A connection has two tunnels, and one entry says all about each. */
const TunnelEntries = z
  .array(TunnelEntry)
  .min(1, 'must name at least one tunnel')
  .max(2, 'must name at most the two tunnels of a connection')
  .superRefine((entries, context) => {
    const [first, second] = Array.isArray(entries) ? entries.map(namesIn) : [];
    if (first === undefined || second === undefined) return;
    const isSame = (['tunnelId', 'role', 'index'] as const).some(
      (name) => first[name] !== null && first[name] === second[name],
    );
    if (!isSame) return;
    context.addIssue({
      code: 'custom',
      path: [1],
      message: 'names the same tunnel as the entry before it; put all its fields into one entry',
    });
  }, always);

/**
 * A `set` block: which fields get which values. Written nested in the cloud's language, read into flat `FieldValues`;
 * keys are `Secret` from here on. Unknown keys and a block without any field are faults. `IkeConfig`, `IpsecConfig` and
 * `BgpConfig` mean every tunnel; an entry of `TunnelOptionsSpecification` adds to that for the tunnel it names.
 */
export const FieldSet = z
  .strictObject({ ...shapeFor(false), [tunnelList]: TunnelEntries.optional() })
  .refine(isFilled, { error: 'must name at least one field', ...whenSound })
  .refine((nested) => subnetsAgree(fieldsIn(nested)), {
    path: ['RemoteSubnet'],
    error: 'LocalSubnet and RemoteSubnet must both be 0.0.0.0/0 or both be specific blocks',
    ...always,
  })
  .refine((nested) => peeringAgrees(nested, false), {
    path: ['BgpConfig', 'LocalBgpIp'],
    error: outside,
    ...always,
  })
  .superRefine((nested, context) => reportDoubles(nested, false, context), always)
  .transform(flattenSet)
  .meta({ id: 'FieldSet' });
