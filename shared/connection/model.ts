import type { FieldValues } from './values.ts';

/** What a connection hangs on: a VPN gateway, a transit router (CEN), or nothing yet. */
export const attachTypes = ['VPNGW', 'CEN', 'NO_ASSOCIATED'] as const;
export type AttachType = (typeof attachTypes)[number];

/** Which connection is meant. */
export interface ConnectionRef {
  regionId: string;
  vpnConnectionId: string;
}

/** The roles of the tunnels of a connection on a VPN gateway: the standby carries traffic while the active one is down. */
export const tunnelRoles = ['master', 'slave'] as const;
export type TunnelRole = (typeof tunnelRoles)[number];

/** Which tunnel of a dual-tunnel connection is meant, by all the names that a read showed. */
export interface TunnelIdentity {
  tunnelId: string;
  /** On a VPN gateway; null where the answer has none. */
  role: TunnelRole | null;
  /** 1 or 2, on attachments; null where the answer has none. */
  index: number | null;
}

/** One tunnel of a dual-tunnel connection as one read showed it; its fields are among those of the connection. */
export interface Tunnel extends TunnelIdentity {
  /** `State` in lower case: `active`, `updating`, `deleting`. Unknown values are never final. */
  state: string;
  /** `Status`, the negotiation: `ipsec_sa_established` and so on; null when the answer has none. */
  negotiation: string | null;
}

/** An IPsec-VPN connection as one read of the cloud showed it. */
export interface VpnConnection extends ConnectionRef {
  attachType: AttachType;
  /** The gateway it hangs on; null for attachments (the cloud writes `vpn-not-exist`). */
  vpnGatewayId: string | null;
  tunnelMode: 'single' | 'dual';
  /** Both tunnels of a dual-tunnel connection, as the answer lists them; empty for a single-tunnel one. */
  tunnels: readonly Tunnel[];
  /** `State` in lower case: `active`, `updating`, `attached`, `init`, … Unknown values are never final. */
  state: string;
  /** `Status`, the negotiation: `ipsec_sa_established` and so on; null when the answer has none. */
  negotiation: string | null;
  /** The negotiations of the connection and of each of its tunnels, as far as the answer has them. */
  negotiations: readonly string[];
  /** Null when it has none. */
  name: string | null;
  /** The customer gateways at the other end: one, or one for each tunnel. */
  customerGatewayIds: readonly string[];
  /** The transit router it hangs on; null for connections on gateways and unattached ones. */
  transitRouterId: string | null;
  /** Tag values by their keys. */
  tags: Readonly<Record<string, string>>;
  /** Every readable field that the answer held, those of tunnels under `<tunnel id>/`. */
  fields: FieldValues;
}

/** A VPN gateway as one read showed it. */
export interface VpnGateway {
  regionId: string;
  vpnGatewayId: string;
  /** `Status` in lower case: `active`, `updating`, … */
  status: string;
  /** The VPC whose traffic it carries; null when the answer has none. */
  vpcId: string | null;
}

/** A customer gateway, the other end of tunnels, as a list showed it. */
export interface CustomerGateway {
  regionId: string;
  customerGatewayId: string;
  /** Its public address; null when the answer has none. */
  ipAddress: string | null;
}

/**
 * Whether the cloud has finished with a connection and all its tunnels.
 * Source: DescribeVpnConnection, `State`; gateway connections end as `active`, attachments as `attached` or `init`,
 * tunnels as `active`.
 */
export function isSettledState(connection: VpnConnection): boolean {
  if (connection.tunnels.some(({ state }) => state !== 'active')) return false;
  return connection.attachType === 'VPNGW'
    ? connection.state === 'active'
    : ['attached', 'init', 'active'].includes(connection.state);
}

/** Whether a tunnel, or the one tunnel of a connection, is up. Source: DescribeVpnConnection, `Status`. */
export function isUp({ negotiation }: Pick<Tunnel, 'negotiation'>): boolean {
  return negotiation === 'ipsec_sa_established';
}

/** States from which the cloud takes no change until a person acts. Source: DescribeVpnConnection, `State`. */
export function isDeadState(connection: Pick<VpnConnection, 'state'>): boolean {
  return ['financiallocked', 'deleted', 'deleting'].includes(connection.state);
}

/**
 * The key of what is busy while this connection is changed: its gateway, or the connection itself.
 * Source: ModifyVpnConnectionAttribute (one change per VPN gateway), ModifyVpnAttachmentAttribute (one per connection).
 */
export function laneKeyOf(connection: ConnectionRef & Pick<VpnConnection, 'vpnGatewayId'>): string {
  return connection.vpnGatewayId === null
    ? `connection:${connection.regionId}/${connection.vpnConnectionId}`
    : `gateway:${connection.regionId}/${connection.vpnGatewayId}`;
}
