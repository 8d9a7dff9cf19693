import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import type {
  InventoryStore,
  ScanLease,
  ScannedItem,
  SeenConnection,
} from '../../shared/preview/inventory-store.ts';
import { previewRequestOf } from '../../shared/preview/preview-request.ts';
import { keptMs } from '../../shared/preview/preview-store.ts';
import {
  emptyAllTables,
  type TestDatabase,
  useVirtualDatabaseClock,
} from '../helpers/databases.ts';
import { aPlan, aTarget, planContext } from '../helpers/factories.ts';
import { FakeClock } from '../helpers/fake-clock.ts';

const regionId = 'north';
const leaseMs = 30_000;
const oldestMs = 60_000;

function aSeen(id: string): SeenConnection {
  return {
    regionId,
    vpnConnectionId: id,
    attachType: 'CEN',
    vpnGatewayId: null,
    transitRouterId: 'tr-1',
    tunnelMode: 'single',
    tunnels: [],
    state: 'attached',
    negotiation: null,
    negotiations: ['ipsec_sa_established'],
    name: 'naïve',
    customerGatewayIds: ['cgw-1'],
    tags: { env: 'prod' },
    fields: { 'IkeConfig.Psk': 'hmac:1', EnableDpd: true, 'IkeConfig.IkeLifetime': 86_400 },
  };
}

function connection(id: string): Extract<ScannedItem, { list: 'connections' }> {
  return { list: 'connections', id, data: aSeen(id) };
}

/** Snapshots of regions and waiting previews, under a virtual clock. */
export function defineInventoryContract(database: TestDatabase): void {
  const clock = new FakeClock();
  let follow = (): Promise<void> => Promise.resolve();
  let stores: readonly InventoryStore[] = [];

  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await follow();
  };
  const store = (who = 0): InventoryStore => {
    const found = stores[who];
    if (found === undefined) throw new Error('no such handle');
    return found;
  };
  const join = (holder = 'one', oldest = oldestMs, who = 0) =>
    store(who).join(regionId, { holder, oldestMs: oldest, leaseMs });

  async function ours(holder = 'one'): Promise<ScanLease> {
    const state = await join(holder);
    if (state.kind !== 'ours') expect.unreachable(`the scan is ${state.kind}`);
    return state.lease;
  }

  async function finished(items: readonly ScannedItem[]): Promise<ScanLease> {
    const lease = await ours();
    const pages = [{ list: 'connections' as const, page: 1, total: items.length }];
    await store().savePages(lease, leaseMs, { pages, items });
    await store().finish(lease);
    return lease;
  }

  beforeAll(async () => {
    follow = await useVirtualDatabaseClock(database, clock);
    stores = [database, await database.another()].map(createPgInventoryStore);
  });
  beforeEach(() => emptyAllTables(database));

  describe("a region's scan", () => {
    it('belongs to whoever joins first', async () => {
      const states = await Promise.all([join('one', oldestMs, 0), join('two', oldestMs, 1)]);

      expect(states.map(({ kind }) => kind).sort()).toEqual(['ours', 'theirs']);
    });

    it('belongs to each region for itself', async () => {
      await ours();
      const other = await store().join('south', { holder: 'two', oldestMs, leaseMs });

      expect(other.kind).toBe('ours');
    });

    it('is read on by somebody else when its holder lets go or is silent', async () => {
      const first = await ours();
      const pages = [{ list: 'connections' as const, page: 2, total: 101 }];
      await store().savePages(first, leaseMs, { pages, items: [connection('vco-a')] });
      await store().release(first);
      const second = await join('two');
      await pass(leaseMs);
      const third = await join('three');

      expect(second).toMatchObject({ kind: 'ours', pages, lease: { number: first.number } });
      expect(third).toMatchObject({ kind: 'ours', pages, lease: { holder: 'three' } });
    });

    it('stays with a holder who goes on reading', async () => {
      const lease = await ours();
      await pass(leaseMs - 1);
      await store().savePages(lease, leaseMs, { pages: [], items: [] });
      await pass(leaseMs - 1);

      expect((await join('two')).kind).toBe('theirs');
    });

    it('takes nothing from a holder who lost it', async () => {
      const lost = await ours();
      await pass(leaseMs);
      await ours('heir');
      const pages = [{ list: 'connections' as const, page: 1, total: 1 }];
      const saved = await store().savePages(lost, leaseMs, { pages, items: [connection('vco-a')] });
      const ended = await store().finish(lost);
      await store().release(lost);

      expect([saved, ended]).toEqual([false, false]);
      expect((await join('other')).kind).toBe('theirs');
    });

    it('is there for all once it is finished, until it is too old for one', async () => {
      const { number } = await finished([]);
      await pass(oldestMs);
      const still = await join('two');
      const older = await join('three', oldestMs + 1);
      await pass(1);

      expect([still, older]).toEqual([
        { kind: 'finished', number },
        { kind: 'finished', number },
      ]);
      expect(await join('four')).toMatchObject({
        kind: 'ours',
        pages: [],
        lease: { number: number + 1 },
      });
    });

    it('that was left unfinished is begun anew when it is too old', async () => {
      const lease = await ours();
      await store().savePages(lease, leaseMs, {
        pages: [{ list: 'gateways', page: 1, total: 1 }],
        items: [connection('vco-a')],
      });
      await pass(oldestMs + 1);

      expect(await join('two')).toMatchObject({
        kind: 'ours',
        pages: [],
        lease: { number: lease.number + 1 },
      });
    });
  });

  describe('what a scan found', () => {
    const items: readonly ScannedItem[] = [
      connection('vco-a'),
      connection('vco-b'),
      { list: 'gateways', id: 'vpn-1', data: { vpcId: 'vpc-1' } },
      { list: 'gateways', id: 'vpn-2', data: { vpcId: null } },
      { list: 'customerGateways', id: 'cgw-1', data: { ipAddress: '203.0.113.1' } },
      // A list that shifts while it is read may show one twice.
      connection('vco-a'),
    ];

    it('is read whole, or for certain connections', async () => {
      const scan = await finished(items);
      await pass(1_500);
      const all = await store(1).read(scan, null);
      const some = await store(1).read(scan, ['vco-b', 'vco-none']);

      expect(all?.ageMs).toBeCloseTo(1_500);
      expect(all && [...all.connections]).toEqual([
        ['vco-a', aSeen('vco-a')],
        ['vco-b', aSeen('vco-b')],
      ]);
      expect(all && [...all.vpcs]).toEqual([
        ['vpn-1', 'vpc-1'],
        ['vpn-2', null],
      ]);
      expect(all?.addresses.get('cgw-1')).toBe('203.0.113.1');
      expect(some && [...some.connections.keys()]).toEqual(['vco-b']);
      expect(some?.vpcs.size).toBe(2);
    });

    it('grows by what was asked for alone, there or not', async () => {
      const scan = await finished([connection('vco-a')]);
      const more = [
        connection('vco-b'),
        { list: 'connections' as const, id: 'vco-none', data: null },
      ];
      await store().addConnections(scan, more);
      await store(1).addConnections(scan, more);
      const inventory = await store().read(scan, null);

      expect(inventory && [...inventory.connections]).toEqual([
        ['vco-a', aSeen('vco-a')],
        ['vco-b', aSeen('vco-b')],
        ['vco-none', null],
      ]);
    });

    it('is not there before the end, nor once another scan has begun', async () => {
      const lease = await ours();
      const early = await store().read(lease, null);
      await store().finish(lease);
      await pass(oldestMs + 1);
      const next = await ours('two');
      await store().addConnections(lease, [connection('vco-late')]);
      await store().finish(next);

      expect(early).toBeNull();
      expect(await store().read(lease, null)).toBeNull();
      expect((await store().read(next, null))?.connections.size).toBe(0);
    });
  });

  describe('a waiting preview', () => {
    const previews = createPgPreviewStore(database);
    const plan = parsePlan(
      aPlan({ targets: [aTarget(0), { regionId: 'cn-hangzhou', select: { name: 'branch-*' } }] }),
      planContext,
    );
    const request = previewRequestOf(plan, Buffer.alloc(32, 1));

    it('is kept for an hour', async () => {
      await previews.put('prv_1', request);
      await pass(keptMs - 1);
      const kept = await previews.get('prv_1');
      await pass(1);

      expect(kept).toEqual({ request, ageMs: keptMs - 1 });
      expect(await previews.get('prv_1')).toBeNull();
      expect(await previews.get('prv_2')).toBeNull();
    });

    it('goes when another comes after its time', async () => {
      await previews.put('prv_1', request);
      await pass(keptMs);
      await previews.put('prv_2', request);
      const rows = await database.query('SELECT id FROM lanekeeper.preview');

      expect(rows.map(({ id }) => id)).toEqual(['prv_2']);
    });
  });
}
