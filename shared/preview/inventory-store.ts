import type { MaskedValues } from '../connection/mask.ts';
import type { VpnConnection } from '../connection/model.ts';

/** A connection as a scan saw it, its keys as keyed digests. */
export type SeenConnection = Omit<VpnConnection, 'fields'> & { fields: MaskedValues };

/** The right to read on for one scan of a region, until it is given up or its time is over. */
export interface ScanLease {
  regionId: string;
  /** Which of the region's scans. */
  number: number;
  holder: string;
}

/** The lists that a scan reads. */
export const scanLists = ['connections', 'gateways', 'customerGateways'] as const;
export type ScanList = (typeof scanLists)[number];

/** How far a list is read. */
export interface ReadPages {
  list: ScanList;
  page: number;
  /** Items over all pages, as this page said. */
  total: number;
}

/** What was read of a list: connections, the VPCs of gateways, the addresses of customer gateways. */
export type ScannedItem =
  | { list: 'connections'; id: string; data: SeenConnection | null }
  | { list: 'gateways'; id: string; data: { vpcId: string | null } }
  | { list: 'customerGateways'; id: string; data: { ipAddress: string | null } };

/** How a region's scan stands for somebody who wants to use it. */
export type ScanState =
  /** It is there. */
  | { kind: 'finished'; number: number }
  /** It is the caller's to read on, from these pages. */
  | { kind: 'ours'; lease: ScanLease; pages: readonly ReadPages[] }
  /** Somebody else reads. */
  | { kind: 'theirs' };

/** What a finished scan found. */
export interface Inventory {
  /** Milliseconds since the scan began: nothing in it is older. */
  ageMs: number;
  /** By id; null for what was asked for alone and is not there. */
  connections: ReadonlyMap<string, SeenConnection | null>;
  /** VPC by gateway id. */
  vpcs: ReadonlyMap<string, string | null>;
  /** Public address by customer gateway id. */
  addresses: ReadonlyMap<string, string | null>;
}

/** Snapshots of regions, shared by all that preview. Raises `unavailable` when the database cannot be reached. */
export interface InventoryStore {
  /**
   * Joins the scan of a region that began at most `oldestMs` ago, or begins one in its place. When it is to be read on and
   * nobody is at it, it is the caller's for `leaseMs`.
   */
  join(
    regionId: string,
    asker: { holder: string; oldestMs: number; leaseMs: number },
  ): Promise<ScanState>;
  /** Stores pages with what they held, and prolongs the lease. False when it was lost: nothing was written. */
  savePages(
    lease: ScanLease,
    leaseMs: number,
    read: { pages: readonly ReadPages[]; items: readonly ScannedItem[] },
  ): Promise<boolean>;
  /** All pages are read. False when the lease was lost. */
  finish(lease: ScanLease): Promise<boolean>;
  /** Lets somebody else read on at once. */
  release(lease: ScanLease): Promise<void>;
  /** Adds connections that were asked for alone, as long as the region's scan is that one. */
  addConnections(
    scan: Pick<ScanLease, 'regionId' | 'number'>,
    items: readonly Extract<ScannedItem, { list: 'connections' }>[],
  ): Promise<void>;
  /** What a finished scan found, of the connections only those of `ids` when given; null once another has replaced it. */
  read(
    scan: Pick<ScanLease, 'regionId' | 'number'>,
    ids: readonly string[] | null,
  ): Promise<Inventory | null>;
}
