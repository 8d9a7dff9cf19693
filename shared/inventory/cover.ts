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

/**
 * Chooses between reading a region's connections page by page and reading the gateways and connections one by one,
 * whichever costs fewer calls; with equal cost the sweep, which shows more. A gateway's list costs no more than one of its
 * connections alone, and shows what comes next on it.
 */
export function chooseCover(wanted: Wanted, sizes: KnownSizes): Cover {
  const pieces =
    wanted.attachmentIds.length +
    wanted.gatewayIds.reduce((sum, id) => sum + pagesOf(sizes.connectionsOnGateway(id)), 0);
  const pages = pagesOf(sizes.connectionsInRegion);
  if (sizes.connectionsInRegion !== null && pages <= pieces) return { kind: 'sweep', pages };
  return { kind: 'pieces', gatewayIds: wanted.gatewayIds, connectionIds: wanted.attachmentIds };
}

/**
 * Whether to ask for all gateways that are `updating` instead of for each gateway: one page shows up to 50 of them,
 * and a gateway that is not among them is not updating.
 */
export function listsUpdatingGateways(gateways: number, updatingBefore: number): boolean {
  return gateways > pagesOf(Math.max(gateways, updatingBefore));
}
