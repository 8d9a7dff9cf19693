import { z } from 'zod';
import { attachTypes, tunnelRoles } from '../../connection/model.ts';
import {
  type Inventory,
  type InventoryStore,
  type ReadPages,
  type ScanLease,
  type ScanState,
  type SeenConnection,
  scanLists,
} from '../../preview/inventory-store.ts';
import type { Database, Query } from './database.ts';
import { BigInteger } from './rows.ts';

const Scalar = z.union([z.string(), z.number(), z.boolean()]);

const ScanRow = z.object({
  number: BigInteger,
  isFresh: z.boolean().nullable(),
  isFinished: z.boolean(),
  isHeld: z.boolean().nullable(),
});

const PageRow = z.object({
  list: z.enum(scanLists),
  page: z.number(),
  total: z.number(),
}) satisfies z.ZodType<ReadPages>;

const SeenRow = z.object({
  regionId: z.string(),
  vpnConnectionId: z.string(),
  attachType: z.enum(attachTypes),
  vpnGatewayId: z.string().nullable(),
  transitRouterId: z.string().nullable(),
  tunnelMode: z.enum(['single', 'dual']),
  tunnels: z.array(
    z.object({
      tunnelId: z.string(),
      role: z.enum(tunnelRoles).nullable(),
      index: z.number().nullable(),
      state: z.string(),
      negotiation: z.string().nullable(),
    }),
  ),
  state: z.string(),
  negotiation: z.string().nullable(),
  negotiations: z.array(z.string()),
  name: z.string().nullable(),
  customerGatewayIds: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  fields: z.record(z.string(), Scalar),
}) satisfies z.ZodType<SeenConnection>;

const ItemRow = z.discriminatedUnion('list', [
  z.object({ list: z.literal('connections'), id: z.string(), data: SeenRow.nullable() }),
  z.object({
    list: z.literal('gateways'),
    id: z.string(),
    data: z.object({ vpcId: z.string().nullable() }),
  }),
  z.object({
    list: z.literal('customerGateways'),
    id: z.string(),
    data: z.object({ ipAddress: z.string().nullable() }),
  }),
]);

const AgeRow = z.object({ ageMs: z.coerce.number() });

/** Snapshots of regions on PostgreSQL. A scan's row is locked by whoever joins, reads on or ends it. */
export function createPgInventoryStore(database: Database): InventoryStore {
  return {
    join: (regionId, asker) => database.transaction((run) => joinScan(run, regionId, asker)),
    savePages: (lease, leaseMs, { pages, items }) =>
      database.transaction(async (run) => {
        if (!(await prolong(run, lease, leaseMs))) return false;
        await run(
          `INSERT INTO lanekeeper.inventory_page (region_id, scan, list, page, total)
           SELECT $1, $2, p.list, p.page, p.total FROM jsonb_to_recordset($3::jsonb) AS p(list text, page int, total int)
           ON CONFLICT DO NOTHING`,
          [lease.regionId, lease.number, JSON.stringify(pages)],
        );
        await insertItems(run, lease, items);
        return true;
      }),
    async finish(lease) {
      const rows = await database.query(
        `UPDATE lanekeeper.inventory_scan SET finished_at = lanekeeper.now(), holder = NULL, held_until = NULL
          WHERE region_id = $1 AND number = $2 AND holder = $3 AND finished_at IS NULL RETURNING 1`,
        [lease.regionId, lease.number, lease.holder],
      );
      return rows.length > 0;
    },
    async release(lease) {
      await database.query(
        `UPDATE lanekeeper.inventory_scan SET holder = NULL, held_until = NULL
          WHERE region_id = $1 AND number = $2 AND holder = $3`,
        [lease.regionId, lease.number, lease.holder],
      );
    },
    addConnections: (scan, items) =>
      database.transaction(async (run) => {
        const rows = await run(
          'SELECT 1 FROM lanekeeper.inventory_scan WHERE region_id = $1 AND number = $2 FOR SHARE',
          [scan.regionId, scan.number],
        );
        if (rows.length > 0) await insertItems(run, scan, items);
      }),
    read: (scan, ids) => database.transaction((run) => readScan(run, scan, ids)),
  };
}

async function joinScan(
  run: Query,
  regionId: string,
  { holder, oldestMs, leaseMs }: Parameters<InventoryStore['join']>[1],
): Promise<ScanState> {
  await run(
    'INSERT INTO lanekeeper.inventory_scan (region_id, number) VALUES ($1, 0) ON CONFLICT DO NOTHING',
    [regionId],
  );
  const [row] = await run(
    `SELECT number, started_at >= lanekeeper.now() - $2 * interval '1 millisecond' AS "isFresh",
            finished_at IS NOT NULL AS "isFinished", held_until > lanekeeper.now() AND holder <> $3 AS "isHeld"
       FROM lanekeeper.inventory_scan WHERE region_id = $1 FOR UPDATE`,
    [regionId, oldestMs, holder],
  );
  const scan = ScanRow.parse(row);
  const { isFresh, isFinished, isHeld } = scan;
  if (isFresh && isFinished) return { kind: 'finished', number: scan.number };
  if (isHeld) return { kind: 'theirs' };
  const number = isFresh ? scan.number : await beginScan(run, regionId);
  const lease = { regionId, number, holder };
  await prolong(run, lease, leaseMs, 'takes');
  const pages = await run(
    `SELECT list, page, total FROM lanekeeper.inventory_page WHERE region_id = $1 AND scan = $2 ORDER BY list, page`,
    [regionId, number],
  );
  return { kind: 'ours', lease, pages: pages.map((page) => PageRow.parse(page)) };
}

/** Begins a new scan in the place of the last one, which goes with all that it found. */
async function beginScan(run: Query, regionId: string): Promise<number> {
  await run('DELETE FROM lanekeeper.inventory_page WHERE region_id = $1', [regionId]);
  await run('DELETE FROM lanekeeper.inventory_item WHERE region_id = $1', [regionId]);
  const [row] = await run(
    `UPDATE lanekeeper.inventory_scan SET number = number + 1, started_at = lanekeeper.now(), finished_at = NULL
      WHERE region_id = $1 RETURNING number`,
    [regionId],
  );
  return BigInteger.parse(row?.number);
}

/** Prolongs a lease that its holder still has, or takes one that is free; false when it was lost. */
async function prolong(
  run: Query,
  lease: ScanLease,
  leaseMs: number,
  how: 'holds' | 'takes' = 'holds',
): Promise<boolean> {
  const rows = await run(
    `UPDATE lanekeeper.inventory_scan SET holder = $3, held_until = lanekeeper.now() + $4 * interval '1 millisecond'
      WHERE region_id = $1 AND number = $2 AND finished_at IS NULL AND ($5 OR holder = $3) RETURNING 1`,
    [lease.regionId, lease.number, lease.holder, leaseMs, how === 'takes'],
  );
  return rows.length > 0;
}

async function insertItems(
  run: Query,
  scan: Pick<ScanLease, 'regionId' | 'number'>,
  items: readonly { list: string; id: string; data: unknown }[],
): Promise<void> {
  await run(
    `INSERT INTO lanekeeper.inventory_item (region_id, scan, list, id, data)
     SELECT DISTINCT ON (i.list, i.id) $1, $2::bigint, i.list, i.id, nullif(i.data, 'null'::jsonb)
       FROM jsonb_to_recordset($3::jsonb) AS i(list text, id text, data jsonb)
     ON CONFLICT DO NOTHING`,
    [scan.regionId, scan.number, JSON.stringify(items)],
  );
}

async function readScan(
  run: Query,
  scan: Pick<ScanLease, 'regionId' | 'number'>,
  ids: readonly string[] | null,
): Promise<Inventory | null> {
  // Held until all is read: a new scan begins by taking away what the last one found.
  const [age] = await run(
    `SELECT extract(epoch FROM lanekeeper.now() - started_at) * 1000 AS "ageMs" FROM lanekeeper.inventory_scan
      WHERE region_id = $1 AND number = $2 AND finished_at IS NOT NULL FOR SHARE`,
    [scan.regionId, scan.number],
  );
  if (!age) return null;
  const rows = await run(
    `SELECT list, id, data FROM lanekeeper.inventory_item
      WHERE region_id = $1 AND scan = $2 AND (list <> 'connections' OR $3::text[] IS NULL OR id = ANY ($3))`,
    [scan.regionId, scan.number, ids],
  );
  const connections = new Map<string, SeenConnection | null>();
  const vpcs = new Map<string, string | null>();
  const addresses = new Map<string, string | null>();
  for (const row of rows) {
    const item = ItemRow.parse(row);
    if (item.list === 'connections') connections.set(item.id, item.data);
    else if (item.list === 'gateways') vpcs.set(item.id, item.data.vpcId);
    else addresses.set(item.id, item.data.ipAddress);
  }
  return { ageMs: AgeRow.parse(age).ageMs, connections, vpcs, addresses };
}
