import type { RegionState } from './region-index.ts';
import type { NegotiationStatus, TunnelBgpConfig } from './shapes.ts';

/** The ASN that the other side announces; 0 = none. */
export function peerAsn(region: RegionState, customerGatewayId: string): number {
  return region.customerGateways.get(customerGatewayId)?.asn ?? 0;
}

/** The peer's address is the other usable one of the /30; empty without a tunnel network. */
export function peerBgpIp(bgp: TunnelBgpConfig): string {
  const [address = ''] = bgp.TunnelCidr.split('/');
  const parts = address.split('.').map(Number);
  const last = parts.pop();
  if (last === undefined || parts.length !== 3) return '';
  const isFirst = bgp.LocalBgpIp === [...parts, last + 1].join('.');
  return [...parts, last + (isFirst ? 2 : 1)].join('.');
}

/** Whether traffic gets through: BGP and health checks go through the tunnel themselves. */
export function isUp({ status }: { readonly status: NegotiationStatus }): boolean {
  return status === 'ipsec_sa_established';
}

/** Switches that answers show as words. */
export function flag(value: boolean): 'true' | 'false' {
  return value ? 'true' : 'false';
}
