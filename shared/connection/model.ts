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
  /** Every readable single-tunnel field that the answer held. */
  fields: FieldValues;
}

/** A VPN gateway as one read showed it. */
export interface VpnGateway {
  regionId: string;
  vpnGatewayId: string;
  /** `Status` in lower case: `active`, `updating`, … */
  status: string;
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
export function isDeadState(connection: VpnConnection): boolean {
  return ['financiallocked', 'deleted', 'deleting'].includes(connection.state);
}

/**
 * The key of what is busy while this connection is changed: its gateway, or the connection itself.
 * Source: ModifyVpnConnectionAttribute (one change per VPN gateway), ModifyVpnAttachmentAttribute (one per connection).
 */
export function laneKeyOf(connection: VpnConnection): string {
  return connection.vpnGatewayId === null
    ? `connection:${connection.regionId}/${connection.vpnConnectionId}`
    : `gateway:${connection.regionId}/${connection.vpnGatewayId}`;
}
