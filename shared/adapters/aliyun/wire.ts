import { z } from 'zod';
import {
  type AttachType,
  attachTypes,
  type CustomerGateway,
  type Tunnel,
  tunnelRoles,
  type VpnConnection,
  type VpnGateway,
} from '../../connection/model.ts';
import type { FieldValues } from '../../connection/values.ts';
import type { Page } from '../../connection/vpn-api.ts';
import { fieldsIn } from './wire-fields.ts';

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
  TunnelOptionsSpecification: z.unknown().optional(),
  // A list names the container of the tags differently than the answer for one connection.
  Tag: Tags,
  Tags,
});
type ConnectionAnswer = z.infer<typeof ConnectionAnswer>;

/**
 * Where answers hold tunnels: in a list of its own (Describe actions, ModifyVpnConnectionAttribute), or in a plain one
 * (ModifyVpnAttachmentAttribute). An answer without any is one of a single-tunnel connection.
 */
const TunnelAnswers = z
  .union([
    z.array(z.unknown()),
    z.object({ TunnelOptions: z.array(z.unknown()) }).transform((list) => list.TunnelOptions),
  ])
  .catch([]);

const TunnelAnswer = z.looseObject({
  TunnelId: Id,
  Role: z.enum(tunnelRoles).nullable().catch(null),
  TunnelIndex: z.coerce.number().int().min(1).nullable().catch(null),
  CustomerGatewayId: Text,
  State: Text,
  Status: Text,
});
type TunnelAnswer = z.infer<typeof TunnelAnswer>;

const GatewayAnswer = z.object({ VpnGatewayId: Id, Status: Text, VpcId: Text });

/** Its BGP key, `AuthKey`, is left where it is. */
const CustomerGatewayAnswer = z.object({ CustomerGatewayId: Id, IpAddress: Text });

/** Both Modify actions of connections repeat the id of the connection; that of tunnels repeats the tunnel's alone. */
const ModifyAnswer = z.object({ VpnConnectionId: Id });
const ModifyTunnelAnswer = z.object({ TunnelId: Id });

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
  const tunnels = tunnelsOf(answer.TunnelOptionsSpecification);
  if (tunnels === null) return null;
  let fields: FieldValues | null = null;
  return {
    regionId,
    vpnConnectionId: answer.VpnConnectionId,
    attachType,
    vpnGatewayId: attachType === 'VPNGW' ? gatewayId : null,
    tunnelMode: tunnels.length > 0 ? 'dual' : 'single',
    tunnels: tunnels.map(tunnelOf),
    ...summaryOf(answer, tunnels),
    state: answer.State?.toLowerCase() ?? 'unknown',
    negotiation: answer.Status || null,
    // Read when first asked for: of a page of 50 that one look shares, most are never looked at.
    get fields() {
      fields ??= fieldsOf(answer, tunnels, attachType);
      return fields;
    },
  };
}

/** The tunnels of an answer; null when one of them has no id, so that nobody could say which one is meant. */
function tunnelsOf(specification: unknown): readonly TunnelAnswer[] | null {
  const parsed = TunnelAnswers.parse(specification).map(
    (each) => TunnelAnswer.safeParse(each).data,
  );
  const tunnels = parsed.filter((tunnel) => tunnel !== undefined);
  return tunnels.length === parsed.length ? tunnels : null;
}

function tunnelOf({ TunnelId, Role, TunnelIndex, State, Status }: TunnelAnswer): Tunnel {
  return {
    tunnelId: TunnelId,
    role: Role,
    index: TunnelIndex,
    state: State?.toLowerCase() ?? 'unknown',
    negotiation: Status || null,
  };
}

function fieldsOf(
  answer: Bag,
  tunnels: readonly TunnelAnswer[],
  attachType: AttachType,
): FieldValues {
  if (tunnels.length === 0) return fieldsIn(answer, { place: 'single', attachType });
  const ofTunnels = tunnels.map((tunnel) =>
    fieldsIn(tunnel, { place: 'tunnel', attachType, tunnel: tunnel.TunnelId }),
  );
  return Object.assign({}, fieldsIn(answer, { place: 'dual', attachType }), ...ofTunnels);
}

type ConnectionSummary = Pick<
  VpnConnection,
  'name' | 'customerGatewayIds' | 'negotiations' | 'transitRouterId' | 'tags'
>;

/** What tells connections apart, apart from what can be changed in them. */
function summaryOf(answer: ConnectionAnswer, tunnels: readonly TunnelAnswer[]): ConnectionSummary {
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

/** The connection that the answer of a Modify action of connections names; null when it names none. */
export function parseModified(body: Bag): string | null {
  return ModifyAnswer.safeParse(body).data?.VpnConnectionId ?? null;
}

/** The tunnel that the answer of ModifyTunnelAttribute names; null when it names none. */
export function parseModifiedTunnel(body: Bag): string | null {
  return ModifyTunnelAnswer.safeParse(body).data?.TunnelId ?? null;
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
