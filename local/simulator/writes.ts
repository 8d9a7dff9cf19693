/** One request (or console edit) that wanted to change a connection. Times are Unix milliseconds. */
export interface WriteRecord {
  readonly requestId: string;
  readonly regionId: string;
  /** `gateway:<region>/<vpn id>` or `connection:<region>/<vco id>`; null when the connection is unknown. */
  readonly scope: string | null;
  readonly vpnConnectionId: string | null;
  /** Tunnels of a pair that it worked on; none on single-tunnel connections and when it had no effect. */
  readonly tunnelIds: readonly string[];
  readonly clientToken: string | null;
  /** `console` is an edit by {@link CloudState.tamper}. */
  readonly source: 'api' | 'console';
  readonly outcome: 'accepted' | 'repeated' | 'refused';
  /** The answer's `Code` when refused. */
  readonly code: string | null;
  /** True only for what changed (or locked) something: not for idempotent repeats and refusals. */
  readonly effective: boolean;
  /** When it was accepted or refused. */
  readonly acceptedAt: number;
  /** When the cloud is done with it, known in advance; null = never, or not effective. */
  readonly settledAt: number | null;
}

/** Two effective writes that were in flight on one scope at the same time. */
export interface Overlap {
  readonly scope: string;
  readonly firstRequestId: string;
  readonly secondRequestId: string;
  /** When the second was accepted, Unix milliseconds. */
  readonly at: number;
}

/** Both tunnels of a pair in flight at the same time: nothing was left that could carry the traffic. */
export interface TunnelOverlap {
  readonly regionId: string;
  readonly vpnConnectionId: string;
  readonly tunnelIds: readonly string[];
  /** The writes that were in flight, in the order of their acceptance; one is enough if it worked on both. */
  readonly requestIds: readonly string[];
  /** When the last of them was accepted, Unix milliseconds. */
  readonly at: number;
}

type EffectiveWrite = WriteRecord & { readonly scope: string };

function isEffective(write: WriteRecord): write is EffectiveWrite {
  return write.effective && write.scope !== null;
}

function inFlightAt(write: EffectiveWrite, time: number): boolean {
  return write.settledAt === null || write.settledAt > time;
}

/** Calls `visit` for each effective write with the earlier ones of its scope that were still in flight. */
function visitInOrder(
  writes: readonly WriteRecord[],
  visit: (write: EffectiveWrite, stillInFlight: readonly EffectiveWrite[]) => void,
): void {
  const flights = new Map<string, EffectiveWrite[]>();
  for (const write of writes.filter(isEffective)) {
    const before = flights.get(write.scope) ?? [];
    const still = before.filter((flight) => inFlightAt(flight, write.acceptedAt));
    visit(write, still);
    flights.set(write.scope, [...still, write]);
  }
}

/** Every overlapping pair; `writes` in the order of acceptance. */
export function overlapsIn(writes: readonly WriteRecord[]): readonly Overlap[] {
  const found: Overlap[] = [];
  visitInOrder(writes, (write, stillInFlight) => {
    for (const earlier of stillInFlight) {
      found.push({
        scope: write.scope,
        firstRequestId: earlier.requestId,
        secondRequestId: write.requestId,
        at: write.acceptedAt,
      });
    }
  });
  return found;
}

/** The most effective writes in flight on one scope at any moment. */
export function maximumInFlight(writes: readonly WriteRecord[]): number {
  let maximum = 0;
  visitInOrder(writes, (_write, stillInFlight) => {
    maximum = Math.max(maximum, stillInFlight.length + 1);
  });
  return maximum;
}

/** Every moment at which both tunnels of a pair came to be in flight; `writes` in the order of acceptance. */
export function tunnelOverlapsIn(writes: readonly WriteRecord[]): readonly TunnelOverlap[] {
  const found: TunnelOverlap[] = [];
  visitInOrder(writes, (write, stillInFlight) => {
    const { vpnConnectionId, regionId } = write;
    if (vpnConnectionId === null || write.tunnelIds.length === 0) return;
    const together = [...stillInFlight, write].filter(
      (flight) => flight.vpnConnectionId === vpnConnectionId && flight.tunnelIds.length > 0,
    );
    const tunnelIds = [...new Set(together.flatMap((flight) => flight.tunnelIds))];
    if (tunnelIds.length < 2) return;
    found.push({
      regionId,
      vpnConnectionId,
      tunnelIds,
      requestIds: together.map((flight) => flight.requestId),
      at: write.acceptedAt,
    });
  });
  return found;
}
