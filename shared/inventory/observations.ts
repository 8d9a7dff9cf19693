import type { VpnConnection } from '../connection/model.ts';
import { ListPlaces } from './list-places.ts';

/** Something read of the cloud, with the monotonic time just before the call: never newer than it claims to be. */
export interface Observed<Value> {
  value: Value;
  readAt: number;
}

interface ObservedConnection extends Observed<VpnConnection | null> {
  /** Whether the connection itself was read, which shows more than a list. */
  isOwnRead: boolean;
}

/** What is known of one region from calls already made. Forgotten after a minute, since keys are in it. */
export class Observations {
  private readonly connections = new Map<string, ObservedConnection>();
  private readonly gateways = new Map<string, Observed<boolean>>();
  private readonly sizes = new Map<string, number>();
  private readonly keepMs = 60_000;
  readonly places = new ListPlaces();
  connectionsInRegion: number | null = null;
  /** How many gateways the last list of updating ones held. */
  updatingGateways = 0;

  connection(
    id: string,
    notBefore: number,
    needsOwnRead = false,
  ): Observed<VpnConnection | null> | null {
    const known = this.connections.get(id);
    const fits = known && known.readAt >= notBefore && (known.isOwnRead || !needsOwnRead);
    return fits ? known : null;
  }

  /** Whether the gateway was updating, as of a read not before `notBefore`. */
  gatewayIsUpdating(id: string, notBefore: number): Observed<boolean> | null {
    const known = this.gateways.get(id);
    return known && known.readAt >= notBefore ? known : null;
  }

  connectionsOnGateway(id: string): number | null {
    return this.sizes.get(id) ?? null;
  }

  sawConnection(id: string, value: VpnConnection | null, readAt: number, isOwnRead = false): void {
    const known = this.connections.get(id);
    if (!known || known.readAt <= readAt) this.connections.set(id, { value, readAt, isOwnRead });
  }

  sawGateway(id: string, isUpdating: boolean, readAt: number): void {
    const known = this.gateways.get(id);
    if (!known || known.readAt <= readAt) this.gateways.set(id, { value: isUpdating, readAt });
  }

  sawGatewaySize(id: string, connections: number): void {
    this.sizes.set(id, connections);
  }

  forgetBefore(now: number): void {
    for (const [id, { readAt }] of this.connections) {
      if (readAt < now - this.keepMs) this.connections.delete(id);
    }
  }
}
