import { NO_GATEWAY } from './defaults.ts';
import { flag, isUp, peerAsn, peerBgpIp } from './peer-answers.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import type { Connection, Json } from './shapes.ts';
import type { CloudState } from './state.ts';
import { describedTunnel, modifiedTunnel, type TunnelsOf } from './tunnel-answers.ts';

/** `IkeConfig` and `IpsecConfig` are empty on dual-tunnel connections (assumption; clients go by the tunnel list). */
function blocks(connection: Connection): { readonly IkeConfig: Json; readonly IpsecConfig: Json } {
  if (connection.tunnels.length > 0) return { IkeConfig: {}, IpsecConfig: {} };
  return { IkeConfig: { ...connection.ike }, IpsecConfig: { ...connection.ipsec } };
}

function bgpAnswer(region: RegionState, connection: Connection): Json {
  const { bgp } = connection;
  return {
    EnableBgp: flag(bgp.EnableBgp),
    LocalAsn: bgp.LocalAsn,
    TunnelCidr: bgp.TunnelCidr,
    LocalBgpIp: bgp.LocalBgpIp,
    PeerAsn: peerAsn(region, connection.customerGatewayId),
    PeerBgpIp: peerBgpIp(bgp),
    Status: bgp.EnableBgp && isUp(connection) ? 'success' : 'false',
  };
}

/** Describe answers repeat the customer gateway's BGP key, in clear. */
function describedBgp(region: RegionState, connection: Connection): Json {
  const authKey = region.customerGateways.get(connection.customerGatewayId)?.authKey ?? '';
  return { ...bgpAnswer(region, connection), AuthKey: authKey };
}

function healthCheckAnswer(connection: Connection): Json {
  const { healthCheck } = connection;
  const common = {
    Enable: flag(healthCheck.Enable),
    Dip: healthCheck.Dip,
    Sip: healthCheck.Sip,
    Interval: healthCheck.Interval,
    Retry: healthCheck.Retry,
  };
  return connection.attachType === 'VPNGW' ? common : { ...common, Policy: healthCheck.Policy };
}

function attachInstanceId(connection: Connection): string {
  return connection.vpnGatewayId ?? connection.transitRouterId ?? '';
}

/** What Describe and Modify answers have in common. */
function commonAnswer(region: RegionState, connection: Connection): Json {
  return {
    VpnConnectionId: connection.id,
    VpnGatewayId: connection.vpnGatewayId ?? NO_GATEWAY,
    CustomerGatewayId: connection.customerGatewayId,
    Name: connection.name,
    Description: connection.description,
    CreateTime: connection.createTime,
    LocalSubnet: connection.localSubnet,
    RemoteSubnet: connection.remoteSubnet,
    EffectImmediately: connection.effectImmediately,
    EnableDpd: connection.enableDpd,
    EnableNatTraversal: connection.enableNatTraversal,
    EnableTunnelsBgp: connection.enableTunnelsBgp,
    ResourceGroupId: connection.resourceGroupId,
    ...blocks(connection),
    VcoHealthCheck: healthCheckAnswer(connection),
    VpnBgpConfig: bgpAnswer(region, connection),
  };
}

function describedCommon(state: CloudState, region: RegionState, entry: ConnectionEntry): Json {
  const association = state.associationState(entry);
  const updating = state.updatingTunnels(entry);
  const connection = entry.current;
  const tunnels = { region, connection, updating };
  const { Description: _, ...common } = commonAnswer(region, connection);
  return {
    ...common,
    State: association,
    Status: connection.status,
    AttachType: connection.attachType,
    AttachInstanceId: attachInstanceId(connection),
    NetworkType: connection.networkType,
    InternetIp: connection.internetIp,
    Spec: '1000M',
    CrossAccountAuthorized: false,
    RemoteCaCertificate: connection.remoteCaCertificate,
    TransitRouterId: connection.transitRouterId ?? '',
    TransitRouterName: connection.transitRouterName ?? '',
    TunnelBandwidth: 'Standard',
    VcoHealthCheck: {
      ...healthCheckAnswer(connection),
      Status: isUp(connection) ? 'success' : 'failed',
    },
    VpnBgpConfig: describedBgp(region, connection),
    TunnelOptionsSpecification: {
      TunnelOptions: connection.tunnels.map((tunnel) => describedTunnel(tunnels, tunnel)),
    },
  };
}

/** The body of DescribeVpnConnection. */
export function describedConnection(
  state: CloudState,
  region: RegionState,
  entry: ConnectionEntry,
): Json {
  return {
    ...describedCommon(state, region, entry),
    ZoneNo: entry.current.zoneNo,
    Tags: { Tag: entry.current.tags },
  };
}

/** An item of DescribeVpnConnections: the container is `Tag`, there is no `ZoneNo` and no BGP switch. */
export function listedConnection(
  state: CloudState,
  region: RegionState,
  entry: ConnectionEntry,
): Json {
  const states = [state.associationState(entry), ...state.updatingTunnels(entry)].join();
  const { current, listed } = entry;
  // Kept, since clients page through thousands again and again and building an item costs more than sending it.
  if (listed?.of === current && listed.states === states) return listed.item;
  const { EnableBgp: _, ...bgp } = describedBgp(region, current);
  const item = {
    ...describedCommon(state, region, entry),
    VpnBgpConfig: bgp,
    Tag: { Tag: current.tags },
  };
  entry.listed = { of: current, states, item };
  return item;
}

/** An item of DescribeVpnAttachments; it holds no key. */
export function listedAttachment(entry: ConnectionEntry): Json {
  const { current } = entry;
  const tags = Object.fromEntries(current.tags.map((tag) => [tag.Key, tag.Value]));
  return {
    InstanceId: current.id,
    Name: current.name,
    Description: current.description,
    AttachType: current.attachType,
    CrossAccountAuthorized: false,
    TransitRouterId: current.transitRouterId ?? '',
    TransitRouterName: current.transitRouterName ?? '',
    TunnelBandwidth: 'Standard',
    Tag: JSON.stringify(tags),
    Tags: current.tags,
  };
}

/** The answer to ModifyVpnConnectionAttribute: the new values, without `State` and `Status`. */
export function modifiedConnection(tunnels: TunnelsOf): Json {
  const { region, connection } = tunnels;
  return {
    ...commonAnswer(region, connection),
    TunnelOptionsSpecification: {
      TunnelOptions: connection.tunnels.map((tunnel) => modifiedTunnel(tunnels, tunnel)),
    },
  };
}

/** The answer to ModifyVpnAttachmentAttribute: tunnels are a plain list, and there is a `Status`. */
export function modifiedAttachment(tunnels: TunnelsOf): Json {
  const { region, connection } = tunnels;
  return {
    ...commonAnswer(region, connection),
    AttachType: connection.attachType,
    AttachInstanceId: attachInstanceId(connection),
    NetworkType: connection.networkType,
    Spec: '1000M',
    Status: connection.status,
    TunnelOptionsSpecification: connection.tunnels.map((tunnel) => modifiedTunnel(tunnels, tunnel)),
  };
}
