import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeConnection, makeTunnel } from '../../local/simulator/defaults.ts';
import { generateInventory, type InventoryOptions } from '../../local/simulator/inventory.ts';
import type { Inventory } from '../../local/simulator/shapes.ts';
import { createSimulator } from '../../local/simulator/simulator.ts';
import { aSmallInventory, REGION } from './cloud.ts';

const anyOptions: fc.Arbitrary<InventoryOptions> = fc.record({
  seed: fc.nat(),
  regionIds: fc.constantFrom(['cn-hangzhou'], ['cn-hangzhou', 'eu-central-1']),
  gateways: fc.integer({ min: 0, max: 6 }),
  connectionsPerGateway: fc.integer({ min: 0, max: 6 }),
  attachments: fc.integer({ min: 0, max: 6 }),
  unattached: fc.integer({ min: 0, max: 3 }),
  dualTunnelShare: fc.constantFrom(0, 0.5, 1),
});

function everyId(inventory: Inventory): readonly string[] {
  return [
    ...inventory.gateways.map((item) => item.id),
    ...inventory.customerGateways.map((item) => item.id),
    ...inventory.connections.flatMap((item) => [
      item.id,
      ...item.tunnels.map((tunnel) => tunnel.tunnelId),
    ]),
  ];
}

describe('generated inventories (BEHAVIOUR.md "Inventory")', () => {
  it('are the same for the same options', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(generateInventory(options)).toEqual(generateInventory(options));
      }),
    );
  });

  it('differ by seed', () => {
    expect(generateInventory({ seed: 1 })).not.toEqual(generateInventory({ seed: 2 }));
  });

  it('have the size that was asked for', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const {
          gateways = 0,
          connectionsPerGateway = 0,
          attachments = 0,
          unattached = 0,
        } = options;
        const inventory = generateInventory(options);
        const regions = options.regionIds?.length ?? 1;

        expect(inventory.gateways).toHaveLength(gateways * regions);
        expect(inventory.connections).toHaveLength(
          (gateways * connectionsPerGateway + attachments + unattached) * regions,
        );
      }),
    );
  });

  it('have unique ids of the right kinds and load into a simulator', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const inventory = generateInventory(options);
        const ids = everyId(inventory);

        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect(id).toMatch(/^(vpn|cgw|vco|tun)-bp1[a-z0-9]{18}$/);
        expect(() => createSimulator({ inventory })).not.toThrow();
      }),
    );
  });

  it('have a key, a network and a site of its own for every connection', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const { connections } = generateInventory({ ...options, regionIds: [REGION] });
        const keys = connections.map((connection) => connection.ike.Psk);
        const networks = connections.map((connection) => connection.remoteSubnet);

        expect(new Set(keys).size).toBe(keys.length);
        expect(new Set(networks).size).toBe(networks.length);
        for (const { tags, ike, tunnels } of connections) {
          expect(tags.map((tag) => tag.Key)).toEqual(['env', 'site']);
          expect(ike).toMatchObject({ IkeVersion: 'ikev1', IkeMode: 'main' });
          expect([0, 2]).toContain(tunnels.length);
        }
      }),
    );
  });

  it('have a share of dual-tunnel connections, by gateway', () => {
    const { connections, gateways } = generateInventory({ gateways: 200, dualTunnelShare: 0.3 });
    const dual = gateways.filter((gateway) => gateway.disasterRecoveryInternetIp !== null);
    const dualIds = new Set(dual.map((gateway) => gateway.id));

    expect(dual.length).toBeGreaterThan(40);
    expect(dual.length).toBeLessThan(80);
    for (const connection of connections) {
      if (connection.vpnGatewayId === null) continue;
      expect(connection.tunnels.length > 0).toBe(dualIds.has(connection.vpnGatewayId));
    }
  });

  it('give every tunnel of a pair an id, a key, addresses and a customer gateway of its own', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const { connections, customerGateways, gateways } = generateInventory({
          ...options,
          dualTunnelShare: 1,
        });
        const customers = new Map(customerGateways.map((item) => [item.id, item]));
        const tunnels = connections.flatMap((connection) => connection.tunnels);

        expect(new Set(tunnels.map((tunnel) => tunnel.ike.Psk)).size).toBe(tunnels.length);
        expect(new Set(tunnels.map((tunnel) => tunnel.customerGatewayId)).size).toBe(
          tunnels.length,
        );
        for (const { ike, internetIp, customerGatewayId } of tunnels) {
          expect(ike.LocalId).toBe(internetIp);
          expect(ike.RemoteId).toBe(customers.get(customerGatewayId)?.ipAddress);
        }
        for (const { vpnGatewayId, ...pair } of connections) {
          if (pair.tunnels.length === 0) continue;
          const [first, second] = pair.tunnels;
          const gateway = gateways.find((item) => item.id === vpnGatewayId);

          expect([first?.index, second?.index]).toEqual([1, 2]);
          expect(pair.customerGatewayId).toBe(first?.customerGatewayId);
          if (!gateway) continue;
          expect([first?.internetIp, second?.internetIp]).toEqual([
            gateway.internetIp,
            gateway.disasterRecoveryInternetIp,
          ]);
        }
      }),
    );
  });

  it.each([
    { gateways: -1 },
    { attachments: 1.5 },
    { dualTunnelShare: 2 },
    { dualTunnelShare: Number.NaN },
  ])('refuse %j', (options) => {
    expect(() => generateInventory(options)).toThrow(
      expect.objectContaining({ code: 'bad_options' }),
    );
  });
});

describe('hand-written inventories (BEHAVIOUR.md "Inventory")', () => {
  const at = { regionId: REGION, customerGatewayId: 'cgw-1' };

  it.each([
    ['an id used twice', makeConnection({ ...at, id: 'vco-a' })],
    ['no such gateway', makeConnection({ ...at, id: 'vco-x', vpnGatewayId: 'vpn-9' })],
    ['no such customer', makeConnection({ ...at, id: 'vco-x', customerGatewayId: 'cgw-9' })],
    [
      'no such customer of a tunnel',
      makeConnection({
        ...at,
        id: 'vco-x',
        tunnels: [makeTunnel({ tunnelId: 'tun-x', index: 1, customerGatewayId: 'cgw-9' })],
      }),
    ],
    [
      'a gateway on an attachment',
      makeConnection({ ...at, id: 'vco-x', attachType: 'CEN', vpnGatewayId: 'vpn-1' }),
    ],
  ])('are refused with %s', (_name, connection) => {
    expect(() => createSimulator({ inventory: aSmallInventory(connection) })).toThrow(
      expect.objectContaining({ code: 'bad_inventory' }),
    );
  });

  it('give unknown names back as errors of the program, not of the cloud', () => {
    const { state } = createSimulator({ inventory: aSmallInventory() });

    expect(() => state.connection(REGION, 'vco-none')).toThrow(
      expect.objectContaining({ code: 'unknown_resource' }),
    );
    expect(() => state.connection('cn-none', 'vco-a')).toThrow(
      expect.objectContaining({ code: 'unknown_resource' }),
    );
  });

  it.each([
    { settleMs: { min: 2, max: 1 } },
    { settleMs: { min: -1, max: 1 } },
    { lateMs: { min: 0, max: Number.NaN } },
  ])('are served only with sensible times, not %j', (options) => {
    expect(() => createSimulator(options)).toThrow(
      expect.objectContaining({ code: 'bad_options' }),
    );
  });
});
