import { describe, expect, it } from 'vitest';
import { Plan } from '../../../shared/plan/schema.ts';
import { composePreview } from '../../../shared/preview/compose-preview.ts';
import type { Inventory, SeenConnection } from '../../../shared/preview/inventory-store.ts';
import { previewRequestOf } from '../../../shared/preview/preview-request.ts';
import type { RegionView } from '../../../shared/preview/preview-targets.ts';

const digestKey = Buffer.alloc(32, 1);

function aSeen(id: string, more: Partial<SeenConnection> = {}): SeenConnection {
  return {
    regionId: 'cn-hangzhou',
    vpnConnectionId: id,
    attachType: more.vpnGatewayId ? 'VPNGW' : 'CEN',
    vpnGatewayId: null,
    transitRouterId: null,
    tunnelMode: 'single',
    tunnels: [],
    state: 'active',
    negotiation: null,
    negotiations: [],
    name: id,
    customerGatewayIds: [],
    tags: {},
    fields: { 'IkeConfig.IkeEncAlg': 'aes' },
    ...more,
  };
}

function anInventory(seen: readonly SeenConnection[], more: Partial<Inventory> = {}): Inventory {
  const connections = new Map(seen.map((each) => [each.vpnConnectionId, each]));
  return { ageMs: 1_000, connections, vpcs: new Map(), addresses: new Map(), ...more };
}

function compose(
  targets: readonly object[],
  inventories: Readonly<Record<string, Inventory>>,
  more: object = {},
) {
  const plan = Plan.parse({
    title: 'stronger algorithms',
    targets,
    set: { IkeConfig: { IkeEncAlg: 'aes256' } },
    ...more,
  });
  const views = new Map<string, RegionView>(
    Object.entries(inventories).map(([regionId, inventory]) => [
      regionId,
      { kind: 'seen', inventory },
    ]),
  );
  return composePreview(previewRequestOf(plan, digestKey), views, { writesPerMinute: 10 });
}

const everywhere = (regionId = 'cn-hangzhou') => ({ regionId, select: { name: '*' } });

describe('the redundancy groups of a preview', () => {
  const subnets = (cidrs: string) => ({
    fields: { 'IkeConfig.IkeEncAlg': 'aes', RemoteSubnet: cidrs },
  });

  it('are found by the VPC of gateways, by transit router, and by address over regions', () => {
    const here = anInventory(
      [
        aSeen('vco-a', { vpnGatewayId: 'vpn-1', ...subnets('10.0.0.0/24') }),
        aSeen('vco-b', { vpnGatewayId: 'vpn-2', ...subnets('10.0.0.0/16') }),
        aSeen('vco-c', { vpnGatewayId: 'vpn-3', ...subnets('10.0.0.0/16') }),
        aSeen('vco-d', { transitRouterId: 'tr-1', ...subnets('10.0.0.0/16') }),
        aSeen('vco-e', { transitRouterId: 'tr-1', ...subnets('10.0.9.0/24,10.1.0.0/16') }),
        aSeen('vco-f', { customerGatewayIds: ['cgw-1'] }),
      ],
      {
        vpcs: new Map([
          ['vpn-1', 'vpc-1'],
          ['vpn-2', 'vpc-1'],
          ['vpn-3', 'vpc-2'],
        ]),
        addresses: new Map([['cgw-1', '203.0.113.1']]),
      },
    );
    const there = anInventory(
      [aSeen('vco-g', { regionId: 'eu-central-1', customerGatewayIds: ['cgw-9', 'cgw-8'] })],
      { addresses: new Map([['cgw-9', '203.0.113.1']]) },
    );
    const { summary } = compose([everywhere(), everywhere('eu-central-1')], {
      'cn-hangzhou': here,
      'eu-central-1': there,
    });

    expect(summary).toMatchObject({ modify: 7, groups: 3, largestGroup: 2 });
  });

  it('count a connection once, and only what is modified', () => {
    const inventory = anInventory(
      [
        aSeen('vco-a', { customerGatewayIds: ['cgw-1'] }),
        aSeen('vco-b', {
          customerGatewayIds: ['cgw-1'],
          fields: { 'IkeConfig.IkeEncAlg': 'aes256' },
        }),
      ],
      { addresses: new Map([['cgw-1', '203.0.113.1']]) },
    );
    const { summary } = compose([everywhere(), everywhere()], { 'cn-hangzhou': inventory });

    expect(summary).toMatchObject({ modify: 2, unchanged: 2, groups: 0, largestGroup: 0 });
  });
});

describe('the summary of a preview', () => {
  it('counts lanes and what a job needs at least', () => {
    const onGateways = Array.from({ length: 12 }, (_, index) =>
      aSeen(`vco-${10 + index}`, { vpnGatewayId: `vpn-${index % 4}` }),
    );
    const inventory = anInventory(onGateways);
    const bound = (rollout: object) =>
      compose([everywhere()], { 'cn-hangzhou': inventory }, { rollout }).summary;

    expect(bound({ concurrency: '100%' })).toMatchObject({
      total: 12,
      lanes: 4,
      longestLane: 3,
      lowerBound: { seconds: 80, limitedBy: 'writes' },
    });
    expect(bound({ concurrency: '10%' }).lowerBound).toMatchObject({
      seconds: 120,
      limitedBy: 'concurrency',
      assumption: expect.stringContaining('2 at once'),
    });
  });

  it('tells the age of the oldest inventory', () => {
    const { summary } = compose([everywhere(), everywhere('eu-central-1')], {
      'cn-hangzhou': anInventory([aSeen('vco-a')], { ageMs: 12_340 }),
      'eu-central-1': anInventory([], { ageMs: 5_000 }),
    });

    expect(summary.inventoryAgeSeconds).toBe(12.3);
  });
});

describe('an item of a preview', () => {
  it('shows what the cloud does not show as unknown', () => {
    const { items } = compose(
      [everywhere()],
      { 'cn-hangzhou': anInventory([aSeen('vco-a')]) },
      { set: { AutoConfigRoute: true } },
    );

    expect(items[0]).toMatchObject({
      action: 'modify',
      diff: [{ path: 'AutoConfigRoute', from: 'unknown', to: true }],
    });
  });

  it('warns of a connection that takes no change now', () => {
    const locked = anInventory([aSeen('vco-a', { state: 'financiallocked' })]);
    const { items } = compose([everywhere()], { 'cn-hangzhou': locked });

    expect(items[0]?.warnings.at(-1)).toEqual({
      code: 'locked',
      path: null,
      message: expect.stringContaining('financiallocked'),
    });
  });

  it('shows a key that is to be made, for each tunnel of a pair', () => {
    const tunnel = (tunnelId: string, role: 'master' | 'slave') => {
      return { tunnelId, role, index: null, state: 'active', negotiation: null };
    };
    const seen = anInventory([
      aSeen('vco-a', { vpnGatewayId: 'vpn-1', fields: { 'IkeConfig.Psk': 'hmac:1' } }),
      aSeen('vco-b', {
        vpnGatewayId: 'vpn-2',
        tunnels: [tunnel('tun-m', 'master'), tunnel('tun-s', 'slave')],
        fields: { 'tun-m/IkeConfig.Psk': 'hmac:1', 'tun-s/IkeConfig.Psk': 'hmac:2' },
      }),
    ]);
    const rotation = { set: undefined, rotatePsk: true, handover: { deliverTo: ['kms'] } };
    const items = (more: object) =>
      compose([everywhere()], { 'cn-hangzhou': seen }, { ...rotation, ...more }).items;
    const key = { from: '***', to: '***' };
    const ofTunnel = (id: string) => `TunnelOptionsSpecification[${id}].TunnelIkeConfig.Psk`;

    expect(items({ acceptOutage: true })).toMatchObject([
      {
        action: 'modify',
        diff: [{ path: 'IkeConfig.Psk', ...key }],
        warnings: [{ code: 'tunnel_outage', path: 'IkeConfig.Psk' }],
      },
      {
        action: 'modify',
        diff: [
          { path: ofTunnel('tun-m'), ...key },
          { path: ofTunnel('tun-s'), ...key },
        ],
      },
    ]);
    expect(items({ verify: { tunnel: 'required' } })[1]).toMatchObject({ action: 'modify' });
    expect(items({ verify: { tunnel: 'none' } })[1]).toMatchObject({
      action: 'refused',
      reason: { path: '/rotatePsk', code: 'TunnelRedundancyLost' },
    });
    const own = { ...everywhere(), rotatePsk: true };
    const unproved = { ...rotation, rotatePsk: undefined, verify: { tunnel: 'none' } };
    expect(compose([own], { 'cn-hangzhou': seen }, unproved).items[1]).toMatchObject({
      reason: { path: '/targets/0/rotatePsk', code: 'TunnelRedundancyLost' },
    });
  });

  it.each([
    [{}, '/set/HealthCheckConfig/Policy'],
    [
      { set: { HealthCheckConfig: { Policy: 'revoke_route' } } },
      '/targets/0/set/HealthCheckConfig/Policy',
    ],
  ])('names the field that is refused where the plan has it', (own, path) => {
    const inventory = anInventory([aSeen('vco-a', { vpnGatewayId: 'vpn-1' })]);
    const { items } = compose(
      [{ ...everywhere(), ...own }],
      { 'cn-hangzhou': inventory },
      { set: { HealthCheckConfig: { Policy: 'revoke_route' } } },
    );

    expect(items[0]?.reason).toMatchObject({ path, code: 'FieldNotApplicable' });
  });

  it('comes in plan order, whatever regions the targets lie in', () => {
    const there = anInventory([aSeen('vco-z', { regionId: 'eu-central-1' })]);
    const { items } = compose(
      [everywhere('eu-central-1'), everywhere(), everywhere('eu-central-1')],
      { 'cn-hangzhou': anInventory([aSeen('vco-b'), aSeen('vco-a')]), 'eu-central-1': there },
    );

    expect(items.map(({ path, vpnConnectionId }) => [path, vpnConnectionId])).toEqual([
      ['/targets/0', 'vco-z'],
      ['/targets/1', 'vco-a'],
      ['/targets/1', 'vco-b'],
      ['/targets/2', 'vco-z'],
    ]);
  });
});
