import { z } from 'zod';
import {
  appliesTo,
  blockOf,
  type FieldBlock,
  type FieldPath,
  type FieldValue,
  type FieldValues,
  fieldPaths,
  fieldTable,
} from '../../connection/fields.ts';
import {
  type AttachType,
  attachTypes,
  type CustomerGateway,
  type VpnConnection,
  type VpnGateway,
} from '../../connection/model.ts';
import type { Page } from '../../connection/vpn-api.ts';
import { Secret } from '../../platform/secret.ts';

/*
 * The answers of the VPC API 2016-04-28, as far as they are used. Ids are strict; whatever else is missing, of another
 * type or unknown to us is left out or kept as it is, so that a new value of the cloud's never makes a read fail.
 */

type Bag = Readonly<Record<string, unknown>>;

const Id = z.string().min(1);
const Text = z.string().optional().catch(undefined);
const Block = z.record(z.string(), z.unknown()).catch({});
const Count = z.coerce.number().int().min(0);
const Tag = z.object({ Key: z.string(), Value: z.string().catch('') });
const Tags = z
  .object({ Tag: z.array(Tag.nullable().catch(null)) })
  .optional()
  .catch(undefined);

const ConnectionAnswer = z.looseObject({
  VpnConnectionId: Id,
  VpnGatewayId: Text,
  AttachType: Text,
  TransitRouterId: Text,
  CustomerGatewayId: Text,
  Name: Text,
  State: Text,
  Status: Text,
  TunnelOptionsSpecification: z
    .object({ TunnelOptions: z.array(z.unknown()).catch([]) })
    .catch({ TunnelOptions: [] }),
  // A list names the container of the tags differently than the answer for one connection.
  Tag: Tags,
  Tags,
});

/** What selectors look at in each tunnel. */
const TunnelSummary = z.object({ CustomerGatewayId: Text, Status: Text }).catch({});

const GatewayAnswer = z.object({ VpnGatewayId: Id, Status: Text, VpcId: Text });

/** Its BGP key, `AuthKey`, is left where it is. */
const CustomerGatewayAnswer = z.object({ CustomerGatewayId: Id, IpAddress: Text });

/** Both Modify actions repeat the id of what they changed. */
const ModifyAnswer = z.object({ VpnConnectionId: Id });

/** What an id field holds instead of an id: `vpn-not-exist`, and `leftId-not-exist` in older documents. */
const notThere = /-not-exist$/;

/** The body of DescribeVpnConnection; null when it cannot be understood. */
export function parseConnection(body: unknown, regionId: string): VpnConnection | null {
  const parsed = ConnectionAnswer.safeParse(body);
  if (!parsed.success) return null;
  const answer = parsed.data;
  const gatewayId = presentId(answer.VpnGatewayId);
  const attachType = attachTypeOf(answer.AttachType, gatewayId, answer.TransitRouterId);
  if (attachType === 'VPNGW' && gatewayId === null) return null;
  let fields: FieldValues | null = null;
  return {
    regionId,
    vpnConnectionId: answer.VpnConnectionId,
    attachType,
    vpnGatewayId: attachType === 'VPNGW' ? gatewayId : null,
    tunnelMode: answer.TunnelOptionsSpecification.TunnelOptions.length > 0 ? 'dual' : 'single',
    ...summaryOf(answer),
    state: answer.State?.toLowerCase() ?? 'unknown',
    negotiation: answer.Status || null,
    // Read when first asked for: of a page of 50 that one look shares, most are never looked at.
    get fields() {
      fields ??= fieldsOf(answer, attachType);
      return fields;
    },
  };
}

type ConnectionSummary = Pick<
  VpnConnection,
  'name' | 'customerGatewayIds' | 'negotiations' | 'transitRouterId' | 'tags'
>;

/** What tells connections apart, apart from what can be changed in them. */
function summaryOf(answer: z.infer<typeof ConnectionAnswer>): ConnectionSummary {
  const tunnels = answer.TunnelOptionsSpecification.TunnelOptions.map((tunnel) =>
    TunnelSummary.parse(tunnel),
  );
  const customers = [answer, ...tunnels].flatMap(
    ({ CustomerGatewayId }) => presentId(CustomerGatewayId) ?? [],
  );
  const negotiations = [answer, ...tunnels].flatMap(({ Status }) => Status || []);
  const tags = (answer.Tags ?? answer.Tag)?.Tag ?? [];
  return {
    name: answer.Name || null,
    customerGatewayIds: [...new Set(customers)],
    negotiations: [...new Set(negotiations)],
    transitRouterId: presentId(answer.TransitRouterId),
    tags: Object.fromEntries(tags.flatMap((tag) => (tag ? [[tag.Key, tag.Value]] : []))),
  };
}

/** The body of DescribeVpnConnections; null when it, or any connection in it, cannot be understood. */
export function parseConnectionPage(body: Bag, regionId: string): Page<VpnConnection> | null {
  return parsePage(body, 'VpnConnections', 'VpnConnection', (item) =>
    parseConnection(item, regionId),
  );
}

/** The body of DescribeVpnGateway; null when it cannot be understood. */
export function parseGateway(body: unknown, regionId: string): VpnGateway | null {
  const parsed = GatewayAnswer.safeParse(body);
  if (!parsed.success) return null;
  const { VpnGatewayId: vpnGatewayId, Status, VpcId } = parsed.data;
  return {
    regionId,
    vpnGatewayId,
    status: Status?.toLowerCase() ?? 'unknown',
    vpcId: presentId(VpcId),
  };
}

/** The body of DescribeVpnGateways; null when it, or any gateway in it, cannot be understood. */
export function parseGatewayPage(body: Bag, regionId: string): Page<VpnGateway> | null {
  return parsePage(body, 'VpnGateways', 'VpnGateway', (item) => parseGateway(item, regionId));
}

/** The body of DescribeCustomerGateways; null when it, or any customer gateway in it, cannot be understood. */
export function parseCustomerGatewayPage(
  body: Bag,
  regionId: string,
): Page<CustomerGateway> | null {
  return parsePage(body, 'CustomerGateways', 'CustomerGateway', (item) => {
    const parsed = CustomerGatewayAnswer.safeParse(item);
    if (!parsed.success) return null;
    const { CustomerGatewayId: customerGatewayId, IpAddress } = parsed.data;
    return { regionId, customerGatewayId, ipAddress: IpAddress || null };
  });
}

/** The connection that the answer of a Modify action names; null when it names none. */
export function parseModified(body: Bag): string | null {
  return ModifyAnswer.safeParse(body).data?.VpnConnectionId ?? null;
}

/** A list may be left out only when the total says that there is nothing: a short list would hide connections. */
function parsePage<Item>(
  body: Bag,
  container: string,
  list: string,
  parse: (item: unknown) => Item | null,
): Page<Item> | null {
  const total = Count.safeParse(body.TotalCount).data;
  if (total === undefined || body.TotalCount === '' || body.TotalCount === null) return null;
  const listed = z.array(z.unknown()).safeParse(Block.parse(body[container])[list]).data;
  if (listed === undefined) return total === 0 ? { items: [], total } : null;
  const items = listed.map(parse);
  return items.includes(null) ? null : { items: items.filter((item) => item !== null), total };
}

function presentId(id: string | undefined): string | null {
  return id === undefined || id === '' || notThere.test(id) ? null : id;
}

/** The attach type as answered; where it is missing or new, by what the connection hangs on. */
function attachTypeOf(
  answered: string | undefined,
  gatewayId: string | null,
  transitRouterId: string | undefined,
): AttachType {
  const known = attachTypes.find((each) => each === answered);
  if (known) return known;
  if (gatewayId !== null) return 'VPNGW';
  return presentId(transitRouterId) === null ? 'NO_ASSOCIATED' : 'CEN';
}

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

function answeredField(path: FieldPath): AnsweredField {
  const place = blockOf(path);
  if (place === null) return { path, block: null, keys: [path] };
  const { block, key } = place;
  return {
    path,
    block: answerBlocks[block],
    keys: [key.slice(0, 1).toUpperCase() + key.slice(1), key],
  };
}

const answeredFields = fieldPaths.filter((path) => fieldTable[path].readable).map(answeredField);

function fieldsOf(answer: Bag, attachType: AttachType): FieldValues {
  const blocks = new Map(
    Object.values(answerBlocks).map((name) => [name, Block.parse(answer[name])] as const),
  );
  const found = answeredFields.flatMap(({ path, block, keys }) => {
    if (!appliesTo(path, attachType)) return [];
    const bag = block === null ? answer : (blocks.get(block) ?? {});
    const raw = keys.map((key) => bag[key]).find((value) => value !== undefined);
    const value = fieldValueOf(path, raw);
    return value === null ? [] : [[path, value] as const];
  });
  return Object.fromEntries(found);
}

/** The value by the field's own rule where it fits, else as answered; null for none, which is also the empty text. */
function fieldValueOf(path: FieldPath, raw: unknown): FieldValue | null {
  if (typeof raw !== 'string' && typeof raw !== 'number' && typeof raw !== 'boolean') return null;
  if (raw === '') return null;
  if (path === 'IkeConfig.Psk') return new Secret(String(raw));
  if (typeof raw === 'string' && notThere.test(raw) && isNegotiationId(path)) return null;
  const parsed = fieldTable[path].schema.safeParse(raw);
  return parsed.success ? parsed.data : raw;
}

function isNegotiationId(path: FieldPath): boolean {
  return path === 'IkeConfig.LocalId' || path === 'IkeConfig.RemoteId';
}
