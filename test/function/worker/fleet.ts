import {
  makeConnection,
  makeCustomerGateway,
  makeGateway,
  makeTunnel,
} from '../../../local/simulator/defaults.ts';
import type { Adoption, Connection, Inventory, Tunnel } from '../../../local/simulator/shapes.ts';
import type { JobStore, StoredEvent } from '../../../shared/job/job-store.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';

export const region = 'cn-hangzhou';

/** `name@gateway` for a connection on a VPN gateway, `name` alone for one on a transit router. */
export type ShortConnection = string;

type Overrides = Partial<Connection> & { sim?: string };

/** Each connection leads to a customer gateway of its own, so that none backs another up unless a test has it so. */
const customerOf = (regionId: string, name: string): string => `cgw-${regionId}-${name}`;

/** A hand-made fleet; `sim` are the simulator's sentinels of a connection (`sim:lost=1`). */
export function aFleet(
  connections: Readonly<Record<ShortConnection, Overrides>>,
  regionId = region,
): Inventory {
  const made = Object.entries(connections).map(([short, { sim, ...overrides }], index) => {
    const [name = '', gateway] = short.split('@');
    return makeConnection({
      regionId,
      id: `vco-${name}`,
      customerGatewayId: customerOf(regionId, name),
      remoteSubnet: `192.${168 + Math.floor(index / 256)}.${index % 256}.0/24`,
      ...(gateway === undefined
        ? { transitRouterId: 'tr-1', transitRouterName: 'core' }
        : { vpnGatewayId: `vpn-${gateway}` }),
      ...(sim === undefined
        ? {}
        : { tags: [{ Key: sim.split('=')[0] ?? '', Value: sim.split('=')[1] ?? '' }] }),
      ...overrides,
    });
  });
  const gateways = [...new Set(made.flatMap(({ vpnGatewayId }) => vpnGatewayId ?? []))];
  const customers = new Set([
    `cgw-${regionId}`,
    ...made.flatMap(({ customerGatewayId, tunnels }) => [
      customerGatewayId,
      ...tunnels.map((tunnel) => tunnel.customerGatewayId),
    ]),
  ]);
  return {
    regions: [{ regionId, localName: regionId }],
    gateways: gateways.map((id) => makeGateway({ regionId, id })),
    customerGateways: [...customers].map((id, index) =>
      makeCustomerGateway({ regionId, id, ipAddress: `203.0.${index >> 8}.${index % 256}` }),
    ),
    connections: made,
  };
}

/** Both tunnels of a dual-tunnel connection: `tun-<name>1`, the master or number 1, and `tun-<name>2`. */
export function aPair(
  name: string,
  each: (index: 1 | 2) => Partial<Tunnel> = () => ({}),
  regionId = region,
): Pick<Connection, 'tunnels'> {
  const tunnels = ([1, 2] as const).map((index) =>
    makeTunnel({
      tunnelId: `tun-${name}${index}`,
      index,
      customerGatewayId: customerOf(regionId, name),
      ...each(index),
    }),
  );
  return { tunnels };
}

/** A fleet in which the other sides of some tunnels, or of connections with one, take new values like this. */
export function adopting(
  inventory: Inventory,
  adoption: Adoption,
  ids: readonly string[],
): Inventory {
  return { ...inventory, adoptions: Object.fromEntries(ids.map((id) => [id, adoption])) };
}

/** The keys that the cloud has of a connection, in the order of its tunnels. */
export function keysOf({ simulator }: VirtualWorld, name: string): (string | undefined)[] {
  const { tunnels, ike } = simulator.state.connection(region, `vco-${name}`);
  return tunnels.length === 0 ? [ike?.Psk] : tunnels.map((tunnel) => tunnel.ike.Psk);
}

/** A plan that changes the named connections, in this order. Unless it says so, no tunnel has to prove anything. */
export function planOf(names: readonly string[], overrides: Record<string, unknown> = {}): Plan {
  return Plan.parse({
    title: 'stronger algorithms',
    targets: names.map((name) => ({ regionId: region, vpnConnectionId: `vco-${name}` })),
    set: { IkeConfig: { IkeEncAlg: 'aes256', Psk: 'newKey0123456789' } },
    rollout: { concurrency: '100%' },
    verify: { tunnel: 'none' },
    ...overrides,
  });
}

/** A change as tests look at it. */
export interface Outcome {
  state: string;
  code: string | null;
  attempts: number;
  kinds: readonly string[];
  events: readonly StoredEvent[];
}

/** How each change of a job stands, in plan order, with its journal. */
export async function outcomesOf(jobs: JobStore, jobId: string): Promise<Outcome[]> {
  const changes = await jobs.listChanges({ jobId, states: null, limit: 1_000, after: null });
  return Promise.all(
    changes.map(async ({ id, state, lastError, attempts }) => {
      const events = await jobs.listEvents(id);
      const kinds = events.map(({ kind }) => kind);
      return { state, code: lastError?.code ?? null, attempts, kinds, events };
    }),
  );
}

/** The writes of the API (not of the console) that locked or changed something, as connection names in their order. */
export function effectiveWrites({ simulator }: VirtualWorld): string[] {
  return simulator.record
    .writes()
    .filter(({ source, effective }) => source === 'api' && effective)
    .map(({ vpnConnectionId }) => vpnConnectionId?.replace('vco-', '') ?? '');
}

/** The tunnels that each effective write of the API worked on, in order; `-` for none. */
export function tunnelsWritten({ simulator }: VirtualWorld): string[] {
  return simulator.record
    .writes()
    .filter(({ source, effective }) => source === 'api' && effective)
    .map(({ tunnelIds }) => tunnelIds.map((id) => id.replace('tun-', '')).join('+') || '-');
}

/** Most changes that were in flight at once, over all lanes. */
export function mostInFlight({ simulator }: VirtualWorld): number {
  const writes = simulator.record.writes().filter(({ effective }) => effective);
  return Math.max(
    0,
    ...writes.map(
      ({ acceptedAt }) =>
        writes.filter(
          (other) => other.acceptedAt <= acceptedAt && (other.settledAt ?? Infinity) > acceptedAt,
        ).length,
    ),
  );
}
