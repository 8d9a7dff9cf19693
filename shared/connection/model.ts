import type { FieldValues } from './fields.ts';

/** What a connection hangs on: a VPN gateway, a transit router (CEN), or nothing yet. */
export const attachTypes = ['VPNGW', 'CEN', 'NO_ASSOCIATED'] as const;
export type AttachType = (typeof attachTypes)[number];

/** Which connection is meant. */
export interface ConnectionRef {
  regionId: string;
  vpnConnectionId: string;
}

/** An IPsec-VPN connection as one read of the cloud showed it. */
export interface VpnConnection extends ConnectionRef {
  attachType: AttachType;
  /** The gateway it hangs on; null for attachments (the cloud writes `vpn-not-exist`). */
  vpnGatewayId: string | null;
  tunnelMode: 'single' | 'dual';
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
  /** Every readable single-tunnel field that the answer held. */
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
 * Whether the cloud has finished with a connection.
 * Source: DescribeVpnConnection, `State`; gateway connections end as `active`, attachments as `attached` or `init`.
 */
export function isSettledState(connection: VpnConnection): boolean {
  return connection.attachType === 'VPNGW'
    ? connection.state === 'active'
    : ['attached', 'init', 'active'].includes(connection.state);
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
