import type { SimulatorClock } from './clock.ts';
import { ApiFault, SimulatorError } from './errors.ts';
import { patched, touchedTunnels } from './patch.ts';
import { type NegotiationOptions, Negotiations } from './peers/negotiations.ts';
import type { OutageRecord } from './peers/outages.ts';
import type { Delivery } from './peers/peer-device.ts';
import type { TunnelSession } from './peers/session.ts';
import type { SideChange } from './peers/side.ts';
import { roll, rollWithin } from './random.ts';
import type { SimulatorRecord } from './record.ts';
import {
  type ConnectionEntry,
  type Flight,
  type GatewayEntry,
  indexRegion,
  type Lane,
  type RegionState,
  replaceConnection,
} from './region-index.ts';
import type {
  Adoption,
  Connection,
  ConnectionPatch,
  Inventory,
  NegotiationStatus,
  Region,
} from './shapes.ts';

/** A closed range of milliseconds. */
export interface MsRange {
  readonly min: number;
  readonly max: number;
}

/** How changes proceed in the background. */
export interface SettleOptions extends NegotiationOptions {
  readonly clock: SimulatorClock;
  /** From acceptance to the end of a change. */
  readonly settleMs: MsRange;
  /** From acceptance to the moment when the change begins to show as `updating`. */
  readonly lateMs: MsRange;
  /** When reads show the new values. */
  readonly visibleAt: 'settled' | 'accepted';
  /** Hostile: a second change is accepted while the first does not show yet. */
  readonly lateAccepts: boolean;
}

/** A change to be accepted. */
export interface ChangeRequest {
  readonly requestId: string;
  readonly clientToken: string | null;
  readonly source: 'api' | 'console';
  readonly patch: ConnectionPatch;
  /** Locks and settles like any other, but the values stay as they were. Default false. */
  readonly isIgnored?: boolean;
  /** Milliseconds instead of the random ones; null = random. */
  readonly settleMs: number | null;
  readonly lateMs: number | null;
}

/** One tunnel, for those who control the simulator. Everything happens at the present moment. */
export interface TunnelHandle {
  /** The tunnel, brought up to the present. */
  look(): { readonly session: TunnelSession; readonly now: number };
  /** Tells the device at the other end new values, as a sink of keys would. */
  deliver(change: SideChange): Delivery;
  behave(adoption: Adoption): void;
  /** Its SAs are gone, and it negotiates at once. */
  reset(): void;
}

/** A tunnel, or a single-tunnel connection, with the key that either side has now. */
export interface TunnelKeys {
  readonly regionId: string;
  readonly vpnConnectionId: string;
  /** Null on single-tunnel connections. */
  readonly tunnelId: string | null;
  readonly cloud: string;
  readonly peer: string;
  readonly isUp: boolean;
}

/** The simulated account: who is there, who is busy, and since when. */
export class CloudState {
  readonly #regions = new Map<string, RegionState>();
  readonly #options: SettleOptions;
  readonly #record: SimulatorRecord;
  readonly #busyLanes = new Set<Lane>();
  readonly #negotiations: Negotiations;
  #consoleEdits = 0;

  /** @throws SimulatorError `bad_inventory` for ids that are used twice or that point nowhere. */
  constructor(inventory: Inventory, options: SettleOptions, record: SimulatorRecord) {
    this.#options = options;
    this.#record = record;
    this.#negotiations = new Negotiations(options, inventory.adoptions ?? {});
    for (const region of inventory.regions) {
      this.#regions.set(region.regionId, indexRegion(region, inventory));
    }
    const now = options.clock.now();
    for (const entry of this.#entries()) this.#negotiations.open(entry, now);
    record.watchOutages(() => this.outages());
  }

  regions(): readonly Region[] {
    return [...this.#regions.values()].map((state) => state.region);
  }

  region(regionId: string): RegionState | undefined {
    return this.#regions.get(regionId);
  }

  /** The connection as reads show it now. @throws SimulatorError `unknown_resource`. */
  connection(regionId: string, id: string): Connection {
    const entry = this.entry(regionId, id);
    this.settle(entry.lane);
    return entry.current;
  }

  /** @throws SimulatorError `unknown_resource`. */
  entry(regionId: string, id: string): ConnectionEntry {
    const entry = this.region(regionId)?.connections.get(id);
    if (!entry) throw new SimulatorError('unknown_resource', `no ${id} in ${regionId}`);
    return entry;
  }

  /** `State` of a connection (API document DescribeVpnConnection). */
  associationState(entry: ConnectionEntry): string {
    if (entry.current.financialLocked) return 'financialLocked';
    if (this.#shownFlights(entry).length > 0) return 'updating';
    if (entry.current.attachType === 'VPNGW') return 'active';
    return entry.current.attachType === 'CEN' ? 'attached' : 'init';
  }

  /** Ids of the connection's tunnels whose own `State` is `updating` (API document DescribeVpnConnection). */
  updatingTunnels(entry: ConnectionEntry): readonly string[] {
    return this.#shownFlights(entry).flatMap((flight) => flight.tunnelIds);
  }

  /** `Status` of a gateway (API document DescribeVpnGateway). */
  gatewayStatus(entry: GatewayEntry): string {
    const now = this.settle(entry.lane);
    return entry.lane.flights.some((flight) => flight.showsAt <= now)
      ? 'updating'
      : entry.current.status;
  }

  /** How many changes are in flight on the connection's scope. */
  inFlight(regionId: string, id: string): number {
    const { lane } = this.entry(regionId, id);
    this.settle(lane);
    return lane.flights.length;
  }

  /** Ends what is due on a lane and returns the present. Everything that reads a lane comes through here. */
  settle(lane: Lane): number {
    const now = this.#options.clock.now();
    if (lane.flights.length > 0) this.#land(lane, now);
    this.#negotiations.advance(lane, now);
    return now;
  }

  #land(lane: Lane, now: number): void {
    const done = lane.flights.filter((flight) => flight.settlesAt <= now);
    if (done.length === 0) return;
    lane.flights = lane.flights.filter((flight) => flight.settlesAt > now);
    if (lane.flights.length === 0) this.#busyLanes.delete(lane);
    for (const flight of done.sort((a, b) => a.settlesAt - b.settlesAt)) {
      if (this.#options.visibleAt === 'settled') this.#apply(flight, flight.settlesAt);
    }
  }

  /** Ends what is due anywhere: filters must see settled values also of what nobody looked at since. */
  settleAll(): void {
    for (const lane of this.#busyLanes) this.settle(lane);
  }

  /**
   * Accepts a change and locks its scope until it is settled.
   * @throws ApiFault `VpnGateway.Configuring` or `VpnConnection.Configuring` while the scope is locked.
   */
  accept(entry: ConnectionEntry, request: ChangeRequest): void {
    const { lane } = entry;
    const now = this.settle(lane);
    const isGatewayBusy = entry.gateway !== null && entry.gateway.current.status !== 'active';
    if (isGatewayBusy || !this.#admits(lane, now)) throw new ApiFault(lane.busyCode);
    const ordinal = lane.accepted;
    lane.accepted += 1;
    const { seed, settleMs, lateMs } = this.#options;
    const settle = request.settleMs ?? rollWithin(settleMs, seed, 'settle', lane.scope, ordinal);
    const late = request.lateMs ?? rollWithin(lateMs, seed, 'late', lane.scope, ordinal);
    const flight: Flight = {
      entry,
      requestId: request.requestId,
      showsAt: now + Math.min(late, settle),
      settlesAt: now + settle,
      patch: request.isIgnored === true ? null : request.patch,
      tunnelIds: touchedTunnels(entry.current, request.patch),
    };
    lane.flights.push(flight);
    this.#busyLanes.add(lane);
    if (this.#options.visibleAt === 'accepted') this.#apply(flight, now);
    this.#record.write({
      requestId: request.requestId,
      regionId: entry.current.regionId,
      scope: lane.scope,
      vpnConnectionId: entry.current.id,
      tunnelIds: flight.tunnelIds,
      clientToken: request.clientToken,
      source: request.source,
      outcome: 'accepted',
      code: null,
      effective: true,
      acceptedAt: now,
      settledAt: Number.isFinite(flight.settlesAt) ? flight.settlesAt : null,
    });
  }

  /**
   * Somebody edits a connection in the console: the scope is locked and settles as after a call.
   * `settleMs: 0` makes the edit take effect at once.
   * @throws SimulatorError `unknown_resource`, or `scope_busy` when a change is in flight.
   */
  tamper(
    regionId: string,
    id: string,
    changes: ConnectionPatch,
    timing: { readonly settleMs?: number; readonly lateMs?: number } = {},
  ): void {
    const entry = this.entry(regionId, id);
    this.#consoleEdits += 1;
    try {
      this.accept(entry, {
        requestId: `console-${this.#consoleEdits}`,
        clientToken: null,
        source: 'console',
        patch: changes,
        settleMs: timing.settleMs ?? null,
        lateMs: timing.lateMs ?? null,
      });
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      throw new SimulatorError('scope_busy', `${entry.lane.scope} is busy, let it settle first`);
    }
  }

  /**
   * Something outside keeps a connection, or one of its tunnels, in a `Status`; `ipsec_sa_established` lets go of it, and
   * it comes up if both sides agree. On a dual-tunnel connection without `tunnelId`: what the connection itself shows.
   * @throws SimulatorError `unknown_resource`.
   */
  setNegotiation(regionId: string, id: string, status: NegotiationStatus, tunnelId?: string): void {
    const { entry, now } = this.#present(regionId, id);
    this.#negotiations.hold(entry, status, tunnelId ?? null, now);
  }

  /** A tunnel and the device at its other end; `tunnelId` is null on single-tunnel connections. @throws SimulatorError `unknown_resource`. */
  tunnel(regionId: string, id: string, tunnelId: string | null = null): TunnelHandle {
    const { entry } = this.#present(regionId, id);
    const session = this.#negotiations.session(entry, tunnelId);
    const present = (): number => this.settle(entry.lane);
    return {
      look: () => ({ session, now: present() }),
      deliver: (change) => this.#negotiations.deliver(entry, tunnelId, change, present()),
      behave: (adoption) => this.#negotiations.behave(entry, tunnelId, adoption, present()),
      reset: () => this.#negotiations.reset(entry, tunnelId, present()),
    };
  }

  /**
   * The tunnels that carry the traffic: on a VPN gateway the master, and the slave while the master is down; elsewhere
   * all that are up (help pages of the dual-tunnel mode). A single-tunnel connection is its own tunnel.
   * @throws SimulatorError `unknown_resource`.
   */
  carriers(regionId: string, id: string): readonly string[] {
    const { current, sessions } = this.#present(regionId, id).entry;
    const up = sessions.filter(({ isUp }) => isUp).map(({ tunnelId }) => tunnelId ?? id);
    return current.attachType === 'VPNGW' ? up.slice(0, 1) : up;
  }

  /** Which keys every tunnel has now, in the cloud and at its peer: what the record, which holds no key, leaves out. */
  keys(): readonly TunnelKeys[] {
    return [...this.#entries()].flatMap(({ lane, current, sessions }) => {
      this.settle(lane);
      const { regionId, id: vpnConnectionId } = current;
      return sessions.map(({ tunnelId, keys, isUp }) => ({
        regionId,
        vpnConnectionId,
        tunnelId,
        ...keys,
        isUp,
      }));
    });
  }

  /** Every time in which no tunnel of a connection was up, until now. */
  outages(): OutageRecord {
    for (const { lane } of this.#entries()) this.settle(lane);
    return this.#negotiations.outagesAt(this.#options.clock.now());
  }

  /** A random number that belongs to the connection's next change. */
  rollFor(entry: ConnectionEntry, name: string): number {
    return roll(this.#options.seed, name, entry.current.id, entry.lane.accepted);
  }

  #shownFlights(entry: ConnectionEntry): readonly Flight[] {
    const now = this.settle(entry.lane);
    return entry.lane.flights.filter((flight) => flight.entry === entry && flight.showsAt <= now);
  }

  #admits(lane: Lane, now: number): boolean {
    if (lane.flights.length === 0) return true;
    return this.#options.lateAccepts && lane.flights.every((flight) => flight.showsAt > now);
  }

  #apply({ entry, patch, requestId }: Flight, at: number): void {
    const region = this.region(entry.current.regionId);
    if (patch === null || region === undefined) return;
    // What happened on its tunnels before this change happened under the old values.
    this.#negotiations.advance(entry.lane, at);
    const before = entry.current;
    replaceConnection(region, entry, patched(before, patch));
    this.#negotiations.applied(entry, { before, patch, requestId }, at);
  }

  #present(regionId: string, id: string): { entry: ConnectionEntry; now: number } {
    const entry = this.entry(regionId, id);
    return { entry, now: this.settle(entry.lane) };
  }

  *#entries(): Generator<ConnectionEntry> {
    for (const region of this.#regions.values()) yield* region.lists.connections;
  }
}
