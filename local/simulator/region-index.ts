import { SimulatorError } from './errors.ts';
import type { TunnelSession } from './peers/session.ts';
import type {
  Connection,
  ConnectionPatch,
  CustomerGateway,
  Gateway,
  Inventory,
  Json,
  NegotiationStatus,
  Region,
} from './shapes.ts';

/** A change under way; times are Unix milliseconds, `settlesAt` may be infinite. */
export interface Flight {
  readonly entry: ConnectionEntry;
  readonly requestId: string;
  readonly showsAt: number;
  readonly settlesAt: number;
  readonly patch: ConnectionPatch | null;
  /** Tunnels that it works on. */
  readonly tunnelIds: readonly string[];
}

/** What can be busy: a VPN gateway, or a connection without one. */
export interface Lane {
  /** `gateway:<region>/<id>` or `connection:<region>/<id>`. */
  readonly scope: string;
  readonly busyCode: 'VpnGateway.Configuring' | 'VpnConnection.Configuring';
  readonly entries: ConnectionEntry[];
  flights: Flight[];
  accepted: number;
  /** When a tunnel of it does something by itself next, Unix milliseconds; may be early, never late. */
  negotiatesAt: number;
}

export interface GatewayEntry {
  readonly current: Gateway;
  readonly lane: Lane;
  readonly connections: ConnectionEntry[];
}

export interface ConnectionEntry {
  current: Connection;
  readonly lane: Lane;
  readonly gateway: GatewayEntry | null;
  /** Its tunnels, in their order; one for a single-tunnel connection. */
  readonly sessions: TunnelSession[];
  /** The `Status` that somebody gave a dual-tunnel connection apart from its tunnels; null = theirs. */
  heldStatus: NegotiationStatus | null;
  /** Calls so far, which the sentinels count. */
  modifyCalls: number;
  readCalls: number;
  /** Its item in lists, as last made; right as long as it is of the same values and states. */
  listed: { readonly of: Connection; readonly states: string; readonly item: Json } | null;
}

/** One region's resources, indexed; lists keep the inventory's order. */
export interface RegionState {
  readonly region: Region;
  readonly gateways: ReadonlyMap<string, GatewayEntry>;
  readonly customerGateways: ReadonlyMap<string, CustomerGateway>;
  readonly connections: ReadonlyMap<string, ConnectionEntry>;
  /** The connections of dual-tunnel mode, by the ids of their tunnels. */
  readonly byTunnel: ReadonlyMap<string, ConnectionEntry>;
  readonly byCustomerGateway: Map<string, Set<ConnectionEntry>>;
  readonly lists: {
    readonly gateways: readonly GatewayEntry[];
    readonly customerGateways: readonly CustomerGateway[];
    readonly connections: readonly ConnectionEntry[];
    /** Those without a VPN gateway. */
    readonly attachments: readonly ConnectionEntry[];
  };
}

/** Ids of the customer gateways of a connection and of its tunnels. */
function customerGatewaysOf(connection: Connection): ReadonlySet<string> {
  return new Set([
    connection.customerGatewayId,
    ...connection.tunnels.map((tunnel) => tunnel.customerGatewayId),
  ]);
}

/** Gives an entry new values and keeps the index by customer gateway true. */
export function replaceConnection(
  { byCustomerGateway }: RegionState,
  entry: ConnectionEntry,
  connection: Connection,
): void {
  const before = customerGatewaysOf(entry.current);
  const after = customerGatewaysOf(connection);
  entry.current = connection;
  for (const id of before) if (!after.has(id)) byCustomerGateway.get(id)?.delete(entry);
  indexByCustomerGateway(byCustomerGateway, entry);
}

function indexByCustomerGateway(
  index: Map<string, Set<ConnectionEntry>>,
  entry: ConnectionEntry,
): void {
  for (const id of customerGatewaysOf(entry.current)) {
    const entries = index.get(id);
    if (entries) entries.add(entry);
    else index.set(id, new Set([entry]));
  }
}

function newLane(scope: string, busyCode: Lane['busyCode']): Lane {
  return {
    scope,
    busyCode,
    entries: [],
    flights: [],
    accepted: 0,
    negotiatesAt: Number.POSITIVE_INFINITY,
  };
}

/** @throws SimulatorError `bad_inventory`. */
export function indexRegion(region: Region, inventory: Inventory): RegionState {
  const isHere = (item: { readonly regionId: string }): boolean =>
    item.regionId === region.regionId;
  const customers = inventory.customerGateways.filter(isHere);
  const gateways = inventory.gateways.filter(isHere).map((gateway) => ({
    current: gateway,
    lane: newLane(`gateway:${gateway.regionId}/${gateway.id}`, 'VpnGateway.Configuring'),
    connections: [],
  }));
  const gatewaysById = byId(gateways, (entry: GatewayEntry) => entry.current.id);
  const customersById = byId(customers, (customer) => customer.id);
  const connections = inventory.connections
    .filter(isHere)
    .map((connection) => indexConnection(connection, gatewaysById, customersById));
  const byCustomerGateway = new Map<string, Set<ConnectionEntry>>();
  for (const entry of connections) indexByCustomerGateway(byCustomerGateway, entry);
  return {
    region,
    gateways: gatewaysById,
    customerGateways: customersById,
    connections: byId(connections, (entry) => entry.current.id),
    byTunnel: new Map(
      connections.flatMap((entry) =>
        entry.current.tunnels.map((tunnel) => [tunnel.tunnelId, entry] as const),
      ),
    ),
    byCustomerGateway,
    lists: {
      gateways,
      customerGateways: customers,
      connections,
      attachments: connections.filter((entry) => entry.gateway === null),
    },
  };
}

function indexConnection(
  connection: Connection,
  gateways: ReadonlyMap<string, GatewayEntry>,
  customers: ReadonlyMap<string, CustomerGateway>,
): ConnectionEntry {
  const { id, vpnGatewayId } = connection;
  const gateway = vpnGatewayId === null ? null : (gateways.get(vpnGatewayId) ?? null);
  if ((connection.attachType === 'VPNGW') !== (gateway !== null)) {
    throw new SimulatorError('bad_inventory', `${id} is ${connection.attachType}, gateway missing`);
  }
  for (const customerId of customerGatewaysOf(connection)) {
    if (customers.has(customerId)) continue;
    throw new SimulatorError('bad_inventory', `${id} points to no ${customerId}`);
  }
  const entry: ConnectionEntry = {
    current: connection,
    lane:
      gateway?.lane ??
      newLane(`connection:${connection.regionId}/${id}`, 'VpnConnection.Configuring'),
    gateway,
    sessions: [],
    heldStatus: null,
    modifyCalls: 0,
    readCalls: 0,
    listed: null,
  };
  gateway?.connections.push(entry);
  entry.lane.entries.push(entry);
  return entry;
}

function byId<T>(items: readonly T[], idOf: (item: T) => string): ReadonlyMap<string, T> {
  const index = new Map(items.map((item) => [idOf(item), item]));
  if (index.size === items.length) return index;
  throw new SimulatorError('bad_inventory', 'an id is used twice in one region');
}
