import { ApiFault } from './errors.ts';
import { patched } from './patch.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import { isInTunnelNetwork, isTunnelNetwork } from './rules.ts';
import type { Connection, ConnectionPatch, TunnelBgpConfig } from './shapes.ts';

/** One BGP session: of a single-tunnel connection, or of a tunnel of a pair. */
interface Session {
  readonly bgp: TunnelBgpConfig;
  readonly customerGatewayId: string;
}

function sessionsOf(connection: Connection): readonly Session[] {
  return connection.tunnels.length > 0 ? connection.tunnels : [connection];
}

function isOn(connection: Connection): boolean {
  return connection.tunnels.length > 0 ? connection.enableTunnelsBgp : connection.bgp.EnableBgp;
}

/**
 * Checks what a change makes of a connection's BGP: networks that are allowed and used once, and, where BGP is on, a
 * gateway that can, a network for each tunnel and a customer gateway with an ASN (API documents, `BgpConfig` and
 * `EnableTunnelsBgp`).
 * @throws ApiFault with the documented code.
 */
export function checkBgp(
  region: RegionState,
  entry: ConnectionEntry,
  patch: ConnectionPatch,
): void {
  if (!concernsBgp(patch)) return;
  const after = patched(entry.current, patch);
  checkNetworks(entry, sessionsOf(after));
  if (!isOn(after)) return;
  if (entry.gateway && !entry.gateway.current.enableBgp) {
    throw new ApiFault('OperationUnsupported.EnableBgp');
  }
  for (const { bgp, customerGatewayId } of sessionsOf(after)) {
    if (bgp.TunnelCidr === '') throw new ApiFault('MissingParameter.TunnelCidr');
    const asn = region.customerGateways.get(customerGatewayId)?.asn ?? 0;
    if (asn === 0) throw new ApiFault('MissingParam.CustomerGatewayAsn');
  }
}

function concernsBgp(patch: ConnectionPatch): boolean {
  return (
    patch.bgp !== undefined ||
    patch.customerGatewayId !== undefined ||
    patch.enableTunnelsBgp !== undefined ||
    (patch.tunnels?.some(
      (tunnel) => tunnel.bgp !== undefined || tunnel.customerGatewayId !== undefined,
    ) ??
      false)
  );
}

function checkNetworks(entry: ConnectionEntry, sessions: readonly Session[]): void {
  const taken = new Set(
    entry.gateway?.connections
      .filter((other) => other !== entry)
      .flatMap((other) => sessionsOf(other.current))
      .map(({ bgp }) => bgp.TunnelCidr),
  );
  for (const { bgp } of sessions) {
    if (bgp.TunnelCidr !== '') {
      if (taken.has(bgp.TunnelCidr) || !isTunnelNetwork(bgp.TunnelCidr)) {
        throw new ApiFault('IllegalParam.TunnelCidr');
      }
      taken.add(bgp.TunnelCidr);
    }
    if (bgp.LocalBgpIp !== '' && !isInTunnelNetwork(bgp.LocalBgpIp, bgp.TunnelCidr)) {
      throw new ApiFault('IllegalParam.LocalBgpIp');
    }
  }
}
