import { flag, isUp, peerAsn, peerBgpIp } from './peer-answers.ts';
import type { RegionState } from './region-index.ts';
import type { Connection, Json, Tunnel } from './shapes.ts';

/** What the tunnels of an answer belong to. */
export interface TunnelsOf {
  readonly region: RegionState;
  readonly connection: Connection;
  /** Ids of the tunnels that show as `updating`. */
  readonly updating: readonly string[];
}

/** Who a tunnel is: by `Role` on a VPN gateway, by `TunnelIndex` elsewhere; certificates are for gateways alone. */
function identity(connection: Connection, tunnel: Tunnel): Json {
  const common = {
    TunnelId: tunnel.tunnelId,
    CustomerGatewayId: tunnel.customerGatewayId,
    InternetIp: tunnel.internetIp,
  };
  if (connection.attachType !== 'VPNGW') return { ...common, TunnelIndex: tunnel.index };
  return {
    ...common,
    Role: tunnel.index === 1 ? 'master' : 'slave',
    ZoneNo: tunnel.zoneNo,
    RemoteCaCertificate: tunnel.remoteCaCertificate,
  };
}

function stateOf(tunnel: Tunnel, updating: readonly string[]): 'updating' | 'active' {
  return updating.includes(tunnel.tunnelId) ? 'updating' : 'active';
}

/** A tunnel as Describe answers show it: switches, lifetimes and ASNs are strings. */
export function describedTunnel({ region, connection, updating }: TunnelsOf, tunnel: Tunnel): Json {
  return {
    ...identity(connection, tunnel),
    State: stateOf(tunnel, updating),
    Status: tunnel.status,
    ZoneNo: tunnel.zoneNo,
    EnableDpd: flag(tunnel.enableDpd),
    EnableNatTraversal: flag(tunnel.enableNatTraversal),
    TunnelIkeConfig: { ...tunnel.ike, IkeLifetime: String(tunnel.ike.IkeLifetime) },
    TunnelIpsecConfig: { ...tunnel.ipsec, IpsecLifetime: String(tunnel.ipsec.IpsecLifetime) },
    TunnelBgpConfig: {
      LocalAsn: String(tunnel.bgp.LocalAsn),
      PeerAsn: String(peerAsn(region, tunnel.customerGatewayId)),
      TunnelCidr: tunnel.bgp.TunnelCidr,
      LocalBgpIp: tunnel.bgp.LocalBgpIp,
      PeerBgpIp: peerBgpIp(tunnel.bgp),
      BgpStatus: connection.enableTunnelsBgp && isUp(tunnel) ? 'success' : 'false',
    },
  };
}

/** A tunnel as Modify answers show it: switches are booleans, lifetimes and ASNs numbers; no `Status`. */
export function modifiedTunnel({ region, connection, updating }: TunnelsOf, tunnel: Tunnel) {
  return {
    ...identity(connection, tunnel),
    State: stateOf(tunnel, updating),
    EnableDpd: tunnel.enableDpd,
    EnableNatTraversal: tunnel.enableNatTraversal,
    TunnelIkeConfig: { ...tunnel.ike },
    TunnelIpsecConfig: { ...tunnel.ipsec },
    TunnelBgpConfig: {
      LocalAsn: tunnel.bgp.LocalAsn,
      PeerAsn: peerAsn(region, tunnel.customerGatewayId),
      TunnelCidr: tunnel.bgp.TunnelCidr,
      LocalBgpIp: tunnel.bgp.LocalBgpIp,
      PeerBgpIp: peerBgpIp(tunnel.bgp),
    },
  };
}

/** The answer to ModifyTunnelAttribute: the changed tunnel itself; its BGP block has the connection's switch. */
export function modifiedTunnelAlone(tunnels: TunnelsOf): Json {
  const { connection, updating } = tunnels;
  const changed = connection.tunnels.filter(({ tunnelId }) => updating.includes(tunnelId));
  const [answer] = changed.map((tunnel) => modifiedTunnel(tunnels, tunnel));
  return {
    ...answer,
    TunnelBgpConfig: { EnableBgp: connection.enableTunnelsBgp, ...answer?.TunnelBgpConfig },
  };
}
