import { pageSize } from '../connection/vpn-api.ts';

/** What must be read of one region's connections: some by their gateway, some alone. */
export interface Wanted {
  /** Gateways any of whose connections are wanted. */
  gatewayIds: readonly string[];
  /** Connections without a gateway. */
  attachmentIds: readonly string[];
}

/** How large things are, as far as earlier answers told; null when nothing is known yet. */
export interface KnownSizes {
  connectionsInRegion: number | null;
  connectionsOnGateway: (vpnGatewayId: string) => number | null;
}

/** The cheapest set of calls that shows everything wanted. */
export type Cover =
  | { kind: 'sweep'; pages: number }
  | { kind: 'pieces'; gatewayIds: readonly string[]; connectionIds: readonly string[] };

function pagesOf(items: number | null): number {
  return Math.max(1, Math.ceil((items ?? 1) / pageSize));
}

/** What a full page weighs beyond its call, in calls: it is 50 connections to build, send and read. */
const fullPageWeight = 0.5;

function costOf(calls: number, connections: number): number {
  return calls + (fullPageWeight * connections) / pageSize;
}

/**
 * Chooses between reading a region's connections page by page and reading the gateways and connections one by one,
 * whichever costs less: calls count most, what they carry counts a little. A gateway's list costs no more calls than one
 * of its connections alone, and shows what comes next on it.
 */
export function chooseCover(wanted: Wanted, sizes: KnownSizes): Cover {
  const alone = costOf(wanted.attachmentIds.length, wanted.attachmentIds.length);
  const pieces = wanted.gatewayIds.reduce((sum, id) => {
    const connections = sizes.connectionsOnGateway(id);
    return sum + costOf(pagesOf(connections), connections ?? 1);
  }, alone);
  const { connectionsInRegion } = sizes;
  const pages = pagesOf(connectionsInRegion);
  if (connectionsInRegion !== null && costOf(pages, connectionsInRegion) <= pieces) {
    return { kind: 'sweep', pages };
  }
  return { kind: 'pieces', gatewayIds: wanted.gatewayIds, connectionIds: wanted.attachmentIds };
}

/**
 * Whether to ask for all gateways that are `updating` instead of for each gateway: one page shows up to 50 of them,
 * and a gateway that is not among them is not updating.
 */
export function listsUpdatingGateways(gateways: number, updatingBefore: number): boolean {
  return gateways > pagesOf(Math.max(gateways, updatingBefore));
}
