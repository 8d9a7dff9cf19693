import type { Connection, ConnectionPatch } from './shapes.ts';

/** Fields of a connection that both its tunnels negotiate by. */
const SHARED_BY_TUNNELS = [
  'localSubnet',
  'remoteSubnet',
  'effectImmediately',
  'enableTunnelsBgp',
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
