import type { Connection, ConnectionPatch } from './shapes.ts';

/** Fields of a connection that both its tunnels negotiate by. */
const SHARED_BY_TUNNELS = [
  'localSubnet',
  'remoteSubnet',
  'effectImmediately',
  'enableTunnelsBgp',
] as const;

/** Blocks of a single-tunnel connection that it negotiates by, or whose change starts it anew. */
const OF_ONLY_TUNNEL = ['ike', 'ipsec', 'bgp'] as const;

/** Its fields of the same kind; clients repeat them, and a repeated value is no change. */
const FIELDS_OF_ONLY_TUNNEL = [
  'localSubnet',
  'remoteSubnet',
  'effectImmediately',
  'customerGatewayId',
  'enableDpd',
  'enableNatTraversal',
] as const;

/** The connection after a change. Tunnels are matched by id; the others stay as they are. */
export function patched(connection: Connection, patch: ConnectionPatch): Connection {
  const changes = new Map(patch.tunnels?.map((tunnel) => [tunnel.tunnelId, tunnel]));
  const tunnels = connection.tunnels.map((tunnel) => ({
    ...tunnel,
    ...changes.get(tunnel.tunnelId),
  }));
  return { ...connection, ...patch, tunnels };
}

/**
 * Ids of the tunnels that a change works on: those it lists, and both when it changes what they share.
 * Repeating shared values is no change: clients send both subnets every time.
 */
export function touchedTunnels(connection: Connection, patch: ConnectionPatch): readonly string[] {
  const isShared = SHARED_BY_TUNNELS.some(
    (field) => patch[field] !== undefined && patch[field] !== connection[field],
  );
  return (isShared ? connection : patch).tunnels?.map((tunnel) => tunnel.tunnelId) ?? [];
}

/** Whether a change works on the one tunnel of a single-tunnel connection, as opposed to a new name. */
export function touchesOnlyTunnel(connection: Connection, patch: ConnectionPatch): boolean {
  if (connection.tunnels.length > 0) return false;
  return (
    OF_ONLY_TUNNEL.some((block) => patch[block] !== undefined) ||
    FIELDS_OF_ONLY_TUNNEL.some(
      (field) => patch[field] !== undefined && patch[field] !== connection[field],
    )
  );
}
