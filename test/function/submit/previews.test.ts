import { describe, expect, it } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import type { PreviewBody } from '../../../shared/preview/preview-body.ts';
import {
  continuePreview,
  type PreviewDeps,
  previewPlan,
} from '../../../shared/preview/preview-plan.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, region } from '../worker/fleet.ts';
import { portOf, useWorlds } from '../worker/worlds.ts';

/** Two that lead to one customer gateway back each other up. */
const customerGatewayId = `cgw-${region}`;
const inventory = aFleet({
  'a@1': { customerGatewayId },
  'b@1': { customerGatewayId },
  c: { name: 'lab-c' },
});

function aPlan(targets: readonly object[], more: object = {}): Plan {
  return Plan.parse({
    title: 'stronger algorithms',
    targets: targets.map((target) => ({ regionId: region, ...target })),
    set: { IkeConfig: { IkeEncAlg: 'aes256', Psk: 'newKey0123456789' } },
    ...more,
  });
}

const named = (...names: string[]) => names.map((name) => ({ vpnConnectionId: `vco-${name}` }));

async function preview(deps: PreviewDeps, plan: Plan): Promise<PreviewBody> {
  const outcome = await previewPlan(deps, plan);
  if (outcome.kind !== 'ready') expect.unreachable('the preview is not ready');
  return outcome.preview;
}

function readsOf({ simulator }: VirtualWorld): Record<string, number> {
  const { calls } = simulator.record.snapshot();
  return Object.fromEntries(calls.map(({ action, total }) => [action, total]));
}

describe('a preview', () => {
  const database = withPostgres();
  const openWorld = useWorlds(database);

  it('says what a plan would do, in plan order, and does nothing', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const plan = aPlan([
      { select: { attachType: ['VPNGW'] } },
      { vpnConnectionId: 'vco-c', set: { Name: 'lab-c' } },
      { vpnConnectionId: 'vco-none' },
      { vpnConnectionId: 'vco-a', set: { CustomerGatewayId: 'cgw-1' } },
      { select: { name: 'nowhere-*' } },
    ]);
    const { items, summary } = await preview(world.previewer(), plan);

    expect(
      items.map(({ path, vpnConnectionId, action }) => [path, vpnConnectionId, action]),
    ).toEqual([
      ['/targets/0', 'vco-a', 'modify'],
      ['/targets/0', 'vco-b', 'modify'],
      ['/targets/1', 'vco-c', 'unchanged'],
      ['/targets/2', 'vco-none', 'refused'],
      ['/targets/3', 'vco-a', 'refused'],
      ['/targets/4', null, 'refused'],
    ]);
    expect(items[0]).toMatchObject({
      regionId: region,
      laneKey: `gateway:${region}/vpn-1`,
      diff: [
        { path: 'IkeConfig.Psk', from: '***', to: '***' },
        { path: 'IkeConfig.IkeEncAlg', from: 'aes', to: 'aes256' },
      ],
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'tunnel_outage' })]),
      reason: null,
    });
    expect(items.map(({ reason }) => reason && [reason.path, reason.code])).toEqual([
      null,
      null,
      null,
      ['/targets/2/vpnConnectionId', 'NotFound'],
      ['/targets/3/set/CustomerGatewayId', 'FieldNotApplicable'],
      ['/targets/4/select', 'SelectorRefused'],
    ]);
    expect(summary).toMatchObject({
      total: 6,
      modify: 2,
      unchanged: 1,
      refused: 3,
      lanes: 1,
      longestLane: 2,
      groups: 1,
      largestGroup: 2,
      lowerBound: { seconds: 40, limitedBy: 'lane' },
    });
    expect(world.simulator.record.writes()).toEqual([]);
    expect(JSON.stringify({ items, summary })).not.toContain('newKey');
  });

  it.each([
    { what: 'named connections', targets: named('b', 'c', 'a', 'b'), more: {} },
    { what: 'selectors', targets: [{ select: { name: '*' } }, ...named('a')], more: {} },
    {
      what: 'refused targets',
      targets: [...named('a', 'none'), { select: { name: 'none' } }],
      more: { onFailure: 'continue' },
    },
  ])('has the digest that a job of $what gets', async ({ targets, more }) => {
    const world = await openWorld({ simulator: { inventory } });
    const plan = aPlan(targets, more);
    const { digest } = await preview(world.previewer(), plan);
    const { id } = await world.submit(plan);
    await world.drain(world.worker(), 500);

    expect((await world.jobs.get(id))?.planDigest).toBe(digest);
  });

  it('has another digest for another key, and after somebody changed what it found', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const digestOf = async (more: object = {}) =>
      (await preview(world.previewer(), aPlan(named('a', 'b'), more))).digest;
    const first = await digestOf();
    const otherKey = await digestOf({ set: { IkeConfig: { IkeEncAlg: 'aes256', Psk: 'other' } } });
    world.simulator.state.tamper(region, 'vco-b', { name: 'theirs' });
    const before = await digestOf();
    await world.clock.sleep(61_000);

    expect(new Set([first, otherKey]).size).toBe(2);
    expect(before).toBe(first);
    expect(await digestOf()).not.toBe(first);
  });

  it('reads a region once a minute, whoever asks, and says how old it is', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const plan = aPlan(named('a'));
    await Promise.all([preview(world.previewer(), plan), preview(world.previewer(), plan)]);
    await world.clock.sleep(59_000);
    const { summary } = await preview(world.previewer(), plan);
    const once = readsOf(world);
    await world.clock.sleep(2_000);
    const { summary: renewed } = await preview(world.previewer(), plan);

    expect(once).toEqual({
      DescribeVpnConnections: 1,
      DescribeVpnGateways: 1,
      DescribeCustomerGateways: 1,
    });
    expect(summary.inventoryAgeSeconds).toBeGreaterThanOrEqual(59);
    expect(readsOf(world).DescribeVpnConnections).toBe(2);
    expect(renewed.inventoryAgeSeconds).toBeLessThan(1);
  });

  it('asks alone for what the list lacks, once', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const shortList = (api: VpnApi): VpnApi => ({
      ...portOf(api),
      listConnections: async (query) => {
        const outcome = await api.listConnections(query);
        if (outcome.kind === 'failed') return outcome;
        const items = outcome.value.items.filter((item) => item.vpnConnectionId !== 'vco-b');
        return { kind: 'ok', value: { ...outcome.value, items } };
      },
    });
    const plan = aPlan(named('a', 'b', 'none'));
    const { items } = await preview(world.previewer(shortList), plan);
    await preview(world.previewer(shortList), plan);

    expect(items.map(({ action }) => action)).toEqual(['modify', 'modify', 'refused']);
    expect(readsOf(world).DescribeVpnConnection).toBe(2);
  });

  it('takes at most a third of the budget, and goes on where it stands', async () => {
    const many = aFleet(
      Object.fromEntries(Array.from({ length: 320 }, (_, index) => [`x${index}`, {}])),
    );
    const limits = { readsPerMinute: 9, writesPerMinute: 100 };
    const world = await openWorld({ simulator: { inventory: many }, limits });
    const deps = world.previewer();
    const startedAt = world.clock.monotonic();
    let outcome = await previewPlan(deps, aPlan([{ select: { name: '*' } }]));
    const first = { outcome, at: world.clock.monotonic() - startedAt, reads: readsOf(world) };
    while (outcome.kind === 'pending') {
      await world.clock.sleep(outcome.retryInMs);
      // Another instance goes on.
      outcome = await continuePreview(world.previewer(), outcome.id);
    }

    expect(first.outcome).toMatchObject({ kind: 'pending', id: expect.stringMatching(/^prv_/) });
    expect(first.at).toBeLessThanOrEqual(21_000);
    expect(first.reads.DescribeVpnConnections).toBe(3);
    expect(readsOf(world).DescribeVpnConnections).toBe(7);
    expect(outcome.preview.summary.modify).toBe(320);
    expect(outcome.preview.summary.inventoryAgeSeconds).toBeGreaterThan(120);
  });

  it('that waits holds no key, and is gone after an hour', async () => {
    const limits = { readsPerMinute: 3, writesPerMinute: 100 };
    const world = await openWorld({ simulator: { inventory }, limits });
    const throttled = (api: VpnApi): VpnApi => ({
      ...portOf(api),
      listConnections: async () => {
        const error = { code: 'Throttling', message: 'slower', requestId: null };
        return { kind: 'failed', error: { class: 'throttled', ...error, retryInMs: 30_000 } };
      },
    });
    const outcome = await previewPlan(world.previewer(throttled), aPlan(named('a')));
    if (outcome.kind !== 'pending') expect.unreachable('the preview is ready');
    const rows = await database.query('SELECT request FROM lanekeeper.preview');
    await world.clock.sleep(3_600_000);

    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toMatch(/newKey|v[12]\./);
    await expect(continuePreview(world.previewer(), outcome.id)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('refuses the targets of a region that cannot be read', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const forbidden = (api: VpnApi): VpnApi => ({
      ...portOf(api),
      listConnections: async (query) => {
        if (query.regionId === region) return api.listConnections(query);
        const error = { code: 'Forbidden.RAM', message: 'no right to read', requestId: null };
        return { kind: 'failed', error: { class: 'permission', ...error } };
      },
    });
    const there = 'eu-central-1';
    const plan = aPlan([
      ...named('a'),
      { regionId: there, vpnConnectionId: 'vco-a' },
      { regionId: there, select: { name: '*' } },
    ]);
    const { items } = await preview(world.previewer(forbidden), plan);

    expect(items.map(({ action, reason }) => [action, reason?.path, reason?.code])).toEqual([
      ['modify', undefined, undefined],
      ['refused', '/targets/1/vpnConnectionId', 'Forbidden.RAM'],
      ['refused', '/targets/2/select', 'Forbidden.RAM'],
    ]);
  });
});
