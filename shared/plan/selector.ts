import { z } from 'zod';
import { attachTypes, type VpnConnection } from '../connection/model.ts';
import { CustomerGatewayId, VpnConnectionId, VpnGatewayId } from '../connection/rules.ts';
import { isStorable } from '../platform/storable.ts';

/** What the negotiation of a tunnel can have come to. Source: DescribeVpnConnections, `Status`. */
const negotiations = [
  'ike_sa_not_established',
  'ike_sa_established',
  'ipsec_sa_not_established',
  'ipsec_sa_established',
] as const;

function anyOf<Item extends z.ZodType>(item: Item, meaning: string) {
  return z
    .array(item)
    .min(1, 'must name at least one; leave it out to take any')
    .optional()
    .describe(meaning);
}

/** Source: DescribeVpnConnections, `Tag.N.Key` and `Tag.N.Value`. */
const Tags = z
  .record(
    z.string().min(1).max(128).refine(isStorable, 'must not hold NUL or broken characters'),
    z.string().max(128).refine(isStorable, 'must not hold NUL or broken characters'),
  )
  .refine(
    (tags) => Object.keys(tags).length > 0,
    'must name at least one; leave it out to take any',
  )
  .optional()
  .describe('Tags that a connection must have, all of them.');

/** Which connections of a region are meant, by what lists tell of them. All criteria must hold, of a list any item. */
export const Selector = z
  .strictObject({
    vpnConnectionId: anyOf(VpnConnectionId, 'One of these connections.'),
    vpnGatewayId: anyOf(VpnGatewayId, 'On one of these VPN gateways.'),
    customerGatewayId: anyOf(
      CustomerGatewayId,
      'To one of these customer gateways, with any tunnel.',
    ),
    attachType: anyOf(z.enum(attachTypes), 'Of one of these attach types.'),
    status: anyOf(z.enum(negotiations), 'With a negotiation status of these, on any tunnel.'),
    name: z
      .string()
      .min(1)
      .max(200)
      .refine(isStorable, 'must not hold NUL or broken characters')
      .optional()
      .describe(
        'A pattern for the whole name: `*` stands for any text, `?` for one character. Capitals matter.',
      ),
    tags: Tags,
  })
  .refine(
    (criteria) => Object.values(criteria).some((criterion) => criterion !== undefined),
    'must name at least one criterion; {"name":"*"} takes all connections of the region',
  )
  .meta({ id: 'Selector' });
export type Selector = z.infer<typeof Selector>;

/** What a selector looks at: nothing in it moves with a change that is under way, except the negotiation. */
export type Selectable = Pick<
  VpnConnection,
  | 'vpnConnectionId'
  | 'vpnGatewayId'
  | 'customerGatewayIds'
  | 'attachType'
  | 'negotiations'
  | 'name'
  | 'tags'
>;

/** Decides for each connection whether it meets all criteria of a selector. */
export function matcherOf(selector: Selector): (connection: Selectable) => boolean {
  const isId = anyListed(selector.vpnConnectionId);
  const isGateway = anyListed(selector.vpnGatewayId);
  const isCustomer = anyListed(selector.customerGatewayId);
  const isAttachType = anyListed(selector.attachType);
  const isStatus = anyListed(selector.status);
  const isName = selector.name === undefined ? () => true : patternOf(selector.name);
  const tags = Object.entries(selector.tags ?? {});
  return (connection) =>
    isId([connection.vpnConnectionId]) &&
    isGateway([connection.vpnGatewayId]) &&
    isCustomer(connection.customerGatewayIds) &&
    isAttachType([connection.attachType]) &&
    isStatus(connection.negotiations) &&
    tags.every(([key, value]) => connection.tags[key] === value) &&
    isName(connection.name ?? '');
}

/** Whether any of some values is listed; a list that was left out takes all. */
function anyListed(
  listed: readonly string[] | undefined,
): (values: readonly (string | null)[]) => boolean {
  if (listed === undefined) return () => true;
  const known = new Set<string | null>(listed);
  return (values) => values.some((value) => known.has(value));
}

/**
 * Decides whether a pattern describes all of a text. Goes back to the last `*` only, which is enough, so that no pattern
 * takes longer than its length times the text's.
 */
export function patternOf(pattern: string): (text: string) => boolean {
  const wanted = [...pattern];
  return (text) => {
    const given = [...text];
    let at = 0;
    let star = -1;
    let resumeAt = 0;
    for (let place = 0; place < given.length; ) {
      if (wanted[at] === '*') {
        star = at++;
        resumeAt = place;
      } else if (wanted[at] === '?' || wanted[at] === given[place]) {
        at += 1;
        place += 1;
      } else if (star >= 0) {
        at = star + 1;
        place = ++resumeAt;
      } else return false;
    }
    return wanted.slice(at).every((rest) => rest === '*');
  };
}
