import { pageSize } from '../connection/vpn-api.ts';

/** What must be read of one region's connections: some by their gateway, some alone. */
export interface Wanted {
  /** Gateways any of whose connections are wanted. */
  gatewayIds: readonly string[];
  /** Connections without a gateway. */
  attachmentIds: readonly string[];
}

/** How large things are and where they stand, as far as earlier answers told; null when nothing is known yet. */
export interface KnownPlaces {
  connectionsInRegion: number | null;
  connectionsOnGateway: (vpnGatewayId: string) => number | null;
  /** The page of the region's list on which all of these are: connections of a gateway, or a single connection, by its id. */
  pageOf: (id: string) => number | null;
}

/** The cheapest set of calls that shows everything wanted: the whole region's list, or some of its pages and the rest one by one. */
export type Cover =
  | { kind: 'sweep'; pages: number }
  | {
      kind: 'parts';
      pages: readonly number[];
      gatewayIds: readonly string[];
      connectionIds: readonly string[];
    };

function pagesOf(items: number | null): number {
  return Math.max(1, Math.ceil((items ?? 1) / pageSize));
}

/** What a full page weighs beyond its call, in calls: it is 50 connections to build, send and read. */
const fullPageWeight = 0.5;

function costOf(calls: number, connections: number): number {
  return calls + (fullPageWeight * connections) / pageSize;
}

const costOfPage = costOf(1, pageSize);

/**
 * Chooses between reading a region's connections page by page and reading only some: those pages that show several of what is
 * wanted, and other gateways and connections one by one. Whatever costs least: calls count most, what they carry counts a little. A
 * gateway's list costs no more calls than one of its connections alone, and shows what comes next on it.
 */
export function chooseCover(wanted: Wanted, known: KnownPlaces): Cover {
  const costOfGateway = (id: string): number => {
    const connections = known.connectionsOnGateway(id);
    return costOf(pagesOf(connections), connections ?? 1);
  };
  const costs = new Map([
    ...wanted.gatewayIds.map((id) => [id, costOfGateway(id)] as const),
    ...wanted.attachmentIds.map((id) => [id, costOf(1, 1)] as const),
  ]);
  const pages = pagesWorthReading(costs, known);
  const isApart = (id: string): boolean => !pages.has(known.pageOf(id) ?? 0);
  const gatewayIds = wanted.gatewayIds.filter(isApart);
  const connectionIds = wanted.attachmentIds.filter(isApart);
  const apart = [...gatewayIds, ...connectionIds].reduce(
    (sum, id) => sum + (costs.get(id) ?? 0),
    0,
  );
  const { connectionsInRegion } = known;
  const all = pagesOf(connectionsInRegion);
  const parts = pages.size * costOfPage + apart;
  if (connectionsInRegion !== null && costOf(all, connectionsInRegion) <= parts) {
    return { kind: 'sweep', pages: all };
  }
  return { kind: 'parts', pages: [...pages], gatewayIds, connectionIds };
}

/** Pages that cost less than what they show would cost apart. */
function pagesWorthReading(
  costs: ReadonlyMap<string, number>,
  known: KnownPlaces,
): ReadonlySet<number> {
  const saved = new Map<number, number>();
  for (const [id, cost] of costs) {
    const page = known.pageOf(id);
    if (page !== null) saved.set(page, (saved.get(page) ?? 0) + cost);
  }
  return new Set([...saved].flatMap(([page, cost]) => (cost > costOfPage ? [page] : [])));
}

/**
 * Whether to ask for all gateways that are `updating` instead of for each gateway: one page shows up to 50 of them,
 * and a gateway that is not among them is not updating.
 */
export function listsUpdatingGateways(gateways: number, updatingBefore: number): boolean {
  return gateways > pagesOf(Math.max(gateways, updatingBefore));
}
