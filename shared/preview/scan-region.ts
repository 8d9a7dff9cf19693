import { maskFields } from '../connection/mask.ts';
import type { VpnConnection } from '../connection/model.ts';
import { type CloudError, type Page, pageSize, type ReadOutcome } from '../connection/vpn-api.ts';
import type {
  ReadPages,
  ScanLease,
  ScanList,
  ScannedItem,
  SeenConnection,
} from './inventory-store.ts';
import { scanLists } from './inventory-store.ts';
import type { InventoryApi, ScanDeps } from './scan-deps.ts';

/** How a region could be brought up to date in the time there was. */
export type ScanOutcome =
  /** It is there. */
  | { kind: 'finished'; number: number }
  /** There was not enough time; it goes on where it stands. */
  | { kind: 'later'; retryInMs: number }
  /** The cloud refuses to be read, or did not answer in all that time. */
  | { kind: 'unreadable'; error: CloudError };

/** How old an inventory may be when a preview is asked for. */
const usualInventoryMs = 60_000;
const pagesAtOnce = 8;
/** Between looks at what somebody else reads. */
const lookEveryMs = 500;
/** Between tries of a call that failed. */
const retryMs = 1_000;
/** Longer than a batch of calls may take, waiting for the budget included. */
const leaseMs = 45_000;

/** When somebody asked for a snapshot, and until when he waits; both monotonic. */
export interface ScanTimes {
  askedAt: number;
  deadline: number;
  /** How old a snapshot may have been when he asked. */
  inventoryMs?: number;
}

/**
 * Brings the snapshot of a region up to date: joins a scan that began so long before it was asked for as the caller says,
 * {@link usualInventoryMs} if nothing,
 * reads on where nobody else does, and waits for whoever does.
 */
export async function scanRegion(
  deps: ScanDeps,
  regionId: string,
  { askedAt, deadline, inventoryMs = usualInventoryMs }: ScanTimes,
): Promise<ScanOutcome> {
  const { clock, inventory, holder } = deps;
  for (;;) {
    const oldestMs = inventoryMs + clock.monotonic() - askedAt;
    const state = await inventory.join(regionId, { holder, oldestMs, leaseMs });
    if (state.kind === 'finished') return state;
    if (state.kind === 'ours') {
      const outcome = await readOn(deps, state, deadline);
      if (outcome) return outcome;
    } else {
      if (clock.monotonic() + lookEveryMs > deadline) return { kind: 'later', retryInMs: retryMs };
      await clock.sleep(lookEveryMs);
    }
  }
}

/** Reads what is missing; null when the lease was lost on the way. */
async function readOn(
  deps: ScanDeps,
  { lease, pages }: { lease: ScanLease; pages: readonly ReadPages[] },
  deadline: number,
): Promise<ScanOutcome | null> {
  const known = [...pages];
  let missing = missingPages(known);
  while (missing.length > 0) {
    const read = await readBatch(deps, lease.regionId, missing.slice(0, pagesAtOnce));
    known.push(...read.pages);
    if (!(await deps.inventory.savePages(lease, leaseMs, read))) return null;
    missing = missingPages(known);
    const pause = missing.length > 0 ? pauseAfter(deps, read.error, deadline) : goOn;
    if (pause.kind === 'wait') await deps.clock.sleep(pause.ms);
    else if (pause.kind !== 'none') {
      await deps.inventory.release(lease);
      return pause;
    }
  }
  const isOurs = await deps.inventory.finish(lease);
  return isOurs ? { kind: 'finished', number: lease.number } : null;
}

/** The pages that are still to be read; the first page of a list tells how many there are. */
function missingPages(read: readonly ReadPages[]): readonly { list: ScanList; page: number }[] {
  return scanLists.flatMap((list) => {
    const own = read.filter((page) => page.list === list);
    const total = own.reduce((most, page) => Math.max(most, page.total), 0);
    const last = Math.max(1, Math.ceil(total / pageSize));
    const known = new Set(own.map(({ page }) => page));
    return Array.from({ length: last }, (_, index) => ({ list, page: index + 1 })).filter(
      ({ page }) => !known.has(page),
    );
  });
}

interface Batch {
  pages: readonly ReadPages[];
  items: readonly ScannedItem[];
  /** The first failure, if there was one. */
  error: CloudError | null;
}

async function readBatch(
  { api, digestKey }: ScanDeps,
  regionId: string,
  wanted: readonly { list: ScanList; page: number }[],
): Promise<Batch> {
  const outcomes = await Promise.all(
    wanted.map(async ({ list, page }) => ({
      list,
      page,
      outcome: await readPage(api, { regionId, list, page, digestKey }),
    })),
  );
  const pages: ReadPages[] = [];
  const items: ScannedItem[] = [];
  let error: CloudError | null = null;
  for (const { list, page, outcome } of outcomes) {
    if (outcome.kind === 'failed') error ??= outcome.error;
    else {
      pages.push({ list, page, total: outcome.value.total });
      items.push(...outcome.value.items);
    }
  }
  return { pages, items, error };
}

async function readPage(
  api: InventoryApi,
  wanted: { regionId: string; list: ScanList; page: number; digestKey: Buffer },
): Promise<ReadOutcome<Page<ScannedItem>>> {
  const { regionId, list, page: pageNumber } = wanted;
  switch (list) {
    case 'connections':
      return itemsOf(await api.listConnections({ regionId, pageNumber }), (connection) =>
        seenItem(connection, wanted.digestKey),
      );
    case 'gateways':
      return itemsOf(
        await api.listGateways({ regionId, pageNumber }),
        ({ vpnGatewayId, vpcId }) => ({ list, id: vpnGatewayId, data: { vpcId } }),
      );
    case 'customerGateways':
      return itemsOf(
        await api.listCustomerGateways({ regionId, pageNumber }),
        ({ customerGatewayId, ipAddress }) => ({
          list,
          id: customerGatewayId,
          data: { ipAddress },
        }),
      );
  }
}

function itemsOf<Item>(
  outcome: ReadOutcome<Page<Item>>,
  itemOf: (item: Item) => ScannedItem,
): ReadOutcome<Page<ScannedItem>> {
  if (outcome.kind === 'failed') return outcome;
  const { items, total } = outcome.value;
  return { kind: 'ok', value: { items: items.map(itemOf), total } };
}

function seenItem(
  connection: VpnConnection,
  digestKey: Buffer,
): Extract<ScannedItem, { list: 'connections' }> {
  const { fields, ...rest } = connection;
  const data: SeenConnection = { ...rest, fields: maskFields(fields, digestKey) };
  return { list: 'connections', id: connection.vpnConnectionId, data };
}

type Pause =
  | { kind: 'none' }
  | { kind: 'wait'; ms: number }
  | Exclude<ScanOutcome, { kind: 'finished' }>;

const goOn = { kind: 'none' } as const;

/** Whether to go on after a batch: at once, after a while, in a later call, or not at all. */
function pauseAfter({ clock }: ScanDeps, error: CloudError | null, deadline: number): Pause {
  const left = deadline - clock.monotonic();
  if (error === null) return left > 0 ? goOn : { kind: 'later', retryInMs: retryMs };
  if (isFinal(error)) return { kind: 'unreadable', error };
  const ms = error.retryInMs ?? retryMs;
  if (ms <= left) return { kind: 'wait', ms };
  return error.class === 'throttled'
    ? { kind: 'later', retryInMs: ms }
    : { kind: 'unreadable', error };
}

/** No permission, no valid credentials, no such region: every further call would meet the same. */
function isFinal({ class: kind }: CloudError): boolean {
  return ['permission', 'credentials', 'invalid', 'not_found', 'locked', 'quota'].includes(kind);
}

/**
 * Asks alone for connections that a finished scan does not know, and adds them to it. Null when all are known now.
 */
export async function readUnlisted(
  deps: ScanDeps,
  scan: { regionId: string; number: number },
  { ids, deadline }: { ids: readonly string[]; deadline: number },
): Promise<Exclude<ScanOutcome, { kind: 'finished' }> | null> {
  const { api, inventory, digestKey } = deps;
  let open = ids;
  while (open.length > 0) {
    const batch = open.slice(0, pagesAtOnce);
    const outcomes = await Promise.all(
      batch.map(async (id) => ({
        id,
        outcome: await api.describeConnection({ regionId: scan.regionId, vpnConnectionId: id }),
      })),
    );
    const found = outcomes.flatMap(({ id, outcome }) => {
      if (outcome.kind === 'failed') return [];
      return outcome.value === null
        ? [{ list: 'connections' as const, id, data: null }]
        : [seenItem(outcome.value, digestKey)];
    });
    await inventory.addConnections(scan, found);
    const known = new Set(found.map(({ id }) => id));
    open = open.filter((id) => !known.has(id));
    if (open.length === 0) return null;
    const [failure] = outcomes.flatMap(({ outcome }) =>
      outcome.kind === 'failed' ? [outcome.error] : [],
    );
    const pause = pauseAfter(deps, failure ?? null, deadline);
    if (pause.kind === 'wait') await deps.clock.sleep(pause.ms);
    else if (pause.kind !== 'none') return pause;
  }
  return null;
}
