import { SimulatorError } from './errors.ts';
import type { Connection, NegotiationStatus } from './shapes.ts';

/*
 * What the tunnels negotiate. Nothing else writes `status`: a change leaves it alone, as a security association
 * outlives the configuration that it was made by (BEHAVIOUR.md, section "Values").
 */

/**
 * The connection with another `Status` of its own, or of one of its tunnels.
 * @throws SimulatorError `unknown_resource` for a tunnel that it does not have.
 */
export function negotiated(
  connection: Connection,
  status: NegotiationStatus,
  tunnelId?: string,
): Connection {
  if (tunnelId === undefined) return { ...connection, status };
  if (!connection.tunnels.some((tunnel) => tunnel.tunnelId === tunnelId)) {
    throw new SimulatorError('unknown_resource', `no tunnel ${tunnelId} on ${connection.id}`);
  }
  const tunnels = connection.tunnels.map((tunnel) =>
    tunnel.tunnelId === tunnelId ? { ...tunnel, status } : tunnel,
  );
  return { ...connection, tunnels };
}
