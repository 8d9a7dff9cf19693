import PQueue from 'p-queue';
import type { GovernedVpnApi } from '../budget/governed-vpn-api.ts';
import type { VpnConnection } from '../connection/model.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import type { Clock } from '../platform/clock.ts';
import type { Observations } from './observations.ts';
import { type AllItems, pagesAtOnce, readPages } from './read-pages.ts';

/** Where reads of one region go, and where what they show is kept. */
export interface RegionContext {
  api: GovernedVpnApi;
  clock: Clock;
  regionId: string;
  observed: Observations;
}

/** What went wrong, by the id of what could not be read: one connection's refusal must not pass for another's. */
export type Faults = Map<string, CloudError>;

/** How many single reads are under way at the same time. */
export const singlesAtOnce = 16;

/** Reads of single connections, each made once, so many at a time. */
export function createSingleReads(
  context: RegionContext,
  faults: Faults,
): (id: string) => Promise<void> {
  const queue = new PQueue({ concurrency: singlesAtOnce });
  const reads = new Map<string, Promise<void>>();
  return (id) => {
    const read = reads.get(id) ?? queue.add(() => readOne(context, id, faults));
    reads.set(id, read);
    return read;
  };
}

/** Reads all connections of the region, page by page; `onSeen` is told of each as soon as it is known. */
export async function sweepRegion(
  context: RegionContext,
  onSeen: (vpnConnectionId: string) => void = () => undefined,
): Promise<AllItems<VpnConnection>> {
  const { api, clock, regionId, observed } = context;
  const readAt = clock.monotonic();
  const all = await readPages((pageNumber) => api.listConnections({ regionId, pageNumber }), {
    expected: observed.connectionsInRegion,
    onPage(items) {
      for (const item of items) {
        observed.sawConnection(item.vpnConnectionId, item, readAt);
        onSeen(item.vpnConnectionId);
      }
    },
  });
  if (all.kind === 'failed') return all;
  observed.connectionsInRegion = all.total;
  observed.places.sawList(all.pages);
  const sizes = new Map<string, number>();
  for (const connection of all.items) {
    const gateway = connection.vpnGatewayId;
    if (gateway !== null) sizes.set(gateway, (sizes.get(gateway) ?? 0) + 1);
  }
  for (const [id, size] of sizes) observed.sawGatewaySize(id, size);
  return all;
}

/** Starts to read pages of the region's list, a few at the same time; each is there by its number. */
export function startListPages(
  context: RegionContext,
  pages: readonly { number: number; expected: readonly string[] }[],
  faults: Faults,
): ReadonlyMap<number, Promise<void>> {
  const queue = new PQueue({ concurrency: pagesAtOnce });
  return new Map(
    pages.map(({ number, expected }) => [
      number,
      queue.add(() => readListPage(context, number, { faults, expected })),
    ]),
  );
}

/** Reads one page of the region's list; what went wrong is told of the connections that were expected there. */
async function readListPage(
  { api, clock, regionId, observed }: RegionContext,
  pageNumber: number,
  { faults, expected }: { faults: Faults; expected: readonly string[] },
): Promise<void> {
  const readAt = clock.monotonic();
  const page = await api.listConnections({ regionId, pageNumber });
  if (page.kind === 'failed') {
    for (const id of expected) faults.set(id, page.error);
    return;
  }
  const { items, total } = page.value;
  for (const item of items) observed.sawConnection(item.vpnConnectionId, item, readAt);
  const shown = new Set(items.map(({ vpnConnectionId }) => vpnConnectionId));
  const isMoved = total !== observed.connectionsInRegion || expected.some((id) => !shown.has(id));
  if (isMoved) observed.places.moved();
  observed.connectionsInRegion = total;
}

/** Reads all connections of one gateway. */
export async function readGatewayList(
  { api, clock, regionId, observed }: RegionContext,
  vpnGatewayId: string,
  faults: Faults,
): Promise<void> {
  const readAt = clock.monotonic();
  const list = await readPages((pageNumber) =>
    api.listConnections({ regionId, vpnGatewayId, pageNumber }),
  );
  if (list.kind === 'failed') {
    faults.set(vpnGatewayId, list.error);
    return;
  }
  observed.sawGatewaySize(vpnGatewayId, list.total);
  for (const item of list.items) observed.sawConnection(item.vpnConnectionId, item, readAt);
}

async function readOne(
  { api, clock, regionId, observed }: RegionContext,
  vpnConnectionId: string,
  faults: Faults,
): Promise<void> {
  const readAt = clock.monotonic();
  const outcome = await api.describeConnection({ regionId, vpnConnectionId });
  if (outcome.kind === 'failed') faults.set(vpnConnectionId, outcome.error);
  else observed.sawConnection(vpnConnectionId, outcome.value, readAt, true);
}
