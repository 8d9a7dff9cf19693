import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeConnection, makeTunnel } from '../../local/simulator/defaults.ts';
import { everydayFaults } from '../../local/simulator/faults.ts';
import { generateInventory } from '../../local/simulator/inventory.ts';
import type { Connection } from '../../local/simulator/shapes.ts';
import { aCloud, aSmallInventory, type Cloud, REGION, tunnelItem, tunnelsIn } from './cloud.ts';

describe('the record (BEHAVIOUR.md "Record")', () => {
  it('tells who changed what and when', async () => {
    const { modify, clock, simulator } = aCloud();
    const start = clock.now();

    const { body } = await modify('vco-cen', { ClientToken: 't1' });
    clock.advance(1_000);
    await modify('vco-cen');

    expect(simulator.record.writes()).toEqual([
      {
        requestId: body.RequestId,
        regionId: REGION,
        scope: 'connection:cn-hangzhou/vco-cen',
        vpnConnectionId: 'vco-cen',
        tunnelIds: [],
        clientToken: 't1',
        source: 'api',
        outcome: 'accepted',
        code: null,
        effective: true,
        acceptedAt: start,
        settledAt: start + 10_000,
      },
      expect.objectContaining({
        outcome: 'refused',
        code: 'VpnConnection.Configuring',
        effective: false,
        acceptedAt: start + 1_000,
        settledAt: null,
      }),
    ]);
  });

  it('counts calls by action and code', async () => {
    const { modify, call, simulator } = aCloud();
    await modify('vco-a');
    await modify('vco-b');
    await call('DescribeVpnGateway', { VpnGatewayId: 'vpn-9' });
    await call('Nonsense');

    const { calls, busyAnswers, throttled } = simulator.record.snapshot();

    expect(calls).toEqual([
      {
        action: 'ModifyVpnConnectionAttribute',
        total: 2,
        answered: 1,
        refused: { 'VpnGateway.Configuring': 1 },
      },
      {
        action: 'DescribeVpnGateway',
        total: 1,
        answered: 0,
        refused: { 'InvalidVpnGatewayInstanceId.NotFound': 1 },
      },
      { action: 'unknown', total: 1, answered: 0, refused: { 'InvalidApi.NotFound': 1 } },
    ]);
    expect({ busyAnswers, throttled }).toEqual({ busyAnswers: 1, throttled: 0 });
    expect(simulator.record.refusals('VpnGateway.Configuring')).toBe(1);
  });

  it('knows the longest lane, console edits left out', async () => {
    const { modify, clock, simulator } = aCloud();
    for (const id of ['vco-a', 'vco-b', 'vco-cen', 'vco-cen']) {
      simulator.state.tamper(REGION, 'vco-cen', {});
      clock.advance(10_000);
      await modify(id);
      clock.advance(10_000);
    }

    expect(simulator.record.longestLaneMs()).toBe(20_000);
  });

  it('finds nothing wrong with a simulator that is not hostile', async () => {
    const { modify, clock, simulator } = aCloud();
    for (let round = 0; round < 20; round += 1) {
      await modify('vco-a');
      await modify('vco-b');
      clock.advance(5_000);
    }

    expect(simulator.record.overlaps()).toEqual([]);
    expect(simulator.record.maxInFlight()).toBe(1);
  });

  it('shows the overlap that a hostile late window lets happen', async () => {
    const { modify, clock, simulator } = aCloud({ lateAccepts: true });
    const first = await modify('vco-a', { Name: 'one' });
    clock.advance(1_999);
    const second = await modify('vco-b', { Name: 'two' });
    clock.advance(1);
    const third = await modify('vco-a');

    expect(third.body.Code).toBe('VpnGateway.Configuring');
    expect(simulator.record.overlaps()).toEqual([
      {
        scope: 'gateway:cn-hangzhou/vpn-1',
        firstRequestId: first.body.RequestId,
        secondRequestId: second.body.RequestId,
        at: clock.now() - 1,
      },
    ]);
    expect(simulator.record.maxInFlight()).toBe(2);
    clock.advance(10_000);
    expect(simulator.state.connection(REGION, 'vco-a').name).toBe('one');
    expect(simulator.state.connection(REGION, 'vco-b').name).toBe('two');
  });

  it('never lets two changes overlap on one scope, whatever is called when', async () => {
    const step = fc.record({
      id: fc.constantFrom('vco-a', 'vco-b', 'vco-dual', 'vco-cen', 'vco-free'),
      waitMs: fc.integer({ min: 0, max: 12_000 }),
      token: fc.constantFrom('', 't1', 't2'),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { modify, clock, simulator } = aCloud({
          faults: everydayFaults,
          settleMs: { min: 0, max: 10_000 },
          quotas: { writes: Number.POSITIVE_INFINITY },
        });
        for (const { id, waitMs, token } of steps) {
          await modify(id, { ClientToken: token });
          clock.advance(waitMs);
        }

        expect(simulator.record.overlaps()).toEqual([]);
        expect(simulator.record.maxInFlight()).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('notes which tunnels of a pair a write worked on', async () => {
    const { modify, clock, simulator } = aCloud();
    for (const params of [
      tunnelItem(1, { Role: 'slave', EnableDpd: 'false' }),
      { Name: 'new' },
      { RemoteSubnet: '10.9.0.0/16' },
    ]) {
      await modify('vco-dual', params);
      clock.advance(10_000);
    }

    expect(simulator.record.writes().map((write) => write.tunnelIds)).toEqual([
      ['tun-2'],
      [],
      ['tun-1', 'tun-2'],
    ]);
  });

  it('finds nothing wrong with tunnels that are changed one after the other', async () => {
    const { modify, clock, simulator } = aCloud();
    for (const Role of ['slave', 'master']) {
      await modify('vco-dual', tunnelItem(1, { Role, EnableDpd: 'false' }));
      clock.advance(10_000);
    }
    await modify('vco-dual', tunnelItem(1, { Role: 'slave', EnableDpd: 'true' }));
    await modify('vco-cen-dual', tunnelItem(1, { TunnelIndex: '1', EnableDpd: 'false' }));

    expect(simulator.record.snapshot().tunnelOverlaps).toEqual([]);
  });

  it('shows a write that worked on both tunnels of a pair', async () => {
    const { modify, clock, simulator } = aCloud();

    const { body } = await modify('vco-cen-dual', {
      ...tunnelItem(1, { TunnelIndex: '1', EnableDpd: 'false' }),
      ...tunnelItem(2, { TunnelIndex: '2', EnableDpd: 'false' }),
    });

    expect(simulator.record.snapshot().tunnelOverlaps).toEqual([
      {
        regionId: REGION,
        vpnConnectionId: 'vco-cen-dual',
        tunnelIds: ['tun-3', 'tun-4'],
        requestIds: [body.RequestId],
        at: clock.now(),
      },
    ]);
  });

  it('shows two writes that worked on both tunnels of a pair at once', async () => {
    const { modify, clock, simulator } = aCloud({ lateAccepts: true });
    const first = await modify('vco-dual', tunnelItem(1, { Role: 'slave', EnableDpd: 'false' }));
    clock.advance(1_000);
    const second = await modify('vco-dual', tunnelItem(1, { Role: 'master', EnableDpd: 'false' }));

    expect(simulator.record.snapshot().tunnelOverlaps).toMatchObject([
      {
        tunnelIds: ['tun-2', 'tun-1'],
        requestIds: [first.body.RequestId, second.body.RequestId],
        at: clock.now(),
      },
    ]);
    expect(simulator.record.overlaps()).toHaveLength(1);
  });

  it('keeps the tunnels of different pairs apart', async () => {
    const pair = makeConnection({
      regionId: REGION,
      id: 'vco-pair',
      customerGatewayId: 'cgw-1',
      vpnGatewayId: 'vpn-1',
      tunnels: [makeTunnel({ tunnelId: 'tun-5', index: 1, customerGatewayId: 'cgw-1' })],
    });
    const { modify, simulator } = aCloud({ lateAccepts: true, inventory: aSmallInventory(pair) });
    await modify('vco-dual', tunnelItem(1, { Role: 'slave', EnableDpd: 'false' }));
    await modify('vco-pair', tunnelItem(1, { Role: 'master', EnableDpd: 'false' }));

    expect(simulator.record.overlaps()).toHaveLength(1);
    expect(simulator.record.tunnelOverlaps()).toEqual([]);
  });

  it('holds no key, neither given nor made up', async () => {
    const inventory = generateInventory({ seed: 5, gateways: 2, dualTunnelShare: 0.5 });
    const cloud = aCloud({ inventory });
    const keys = inventory.connections.flatMap((connection) => [
      connection.ike.Psk,
      ...connection.tunnels.map((tunnel) => tunnel.ike.Psk),
    ]);
    keys.push(...(await changeEverything(cloud)), 'bad key');

    const text = JSON.stringify(cloud.simulator.record.snapshot());

    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter((key) => text.includes(key))).toEqual([]);
  });
});

/** Gives the keys that came to be on the way. */
async function changeEverything({ modify, clock, simulator }: Cloud): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const connection of simulator.inventory.connections) {
    const { id } = connection;
    const { body } = await modify(id, {
      ClientToken: id,
      ...anIkeBlock(connection, 'IkeVersion', 'ikev2'),
    });
    if (body.IkeConfig?.Psk) keys.push(String(body.IkeConfig.Psk));
    keys.push(...tunnelsIn(body).map((tunnel) => String(tunnel.TunnelIkeConfig.Psk)));
    await modify(id, anIkeBlock(connection, 'Psk', 'bad key'));
    clock.advance(10_000);
  }
  return keys;
}

/** An IKE block with one key in it, for the connection or for its first tunnel. */
function anIkeBlock(
  { tunnels: [tunnel] }: Connection,
  key: string,
  value: string,
): Readonly<Record<string, string>> {
  return tunnel
    ? tunnelItem(1, { TunnelId: tunnel.tunnelId, [`TunnelIkeConfig.${key}`]: value })
    : { IkeConfig: JSON.stringify({ [key]: value }) };
}
