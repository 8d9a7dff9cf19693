import { describe, expect, it } from 'vitest';
import { generateInventory } from '../../../local/simulator/inventory.ts';
import type { PeerShares } from '../../../local/simulator/peers/shares.ts';
import type { Connection, Tunnel } from '../../../local/simulator/shapes.ts';
import { type Cloud, REGION, tunnelItem } from '../cloud.ts';
import { aWorld } from './world.ts';

const size = { gateways: 10, connectionsPerGateway: 2, attachments: 5, unattached: 0 };

function aFleet(peers: PeerShares): Cloud {
  const inventory = generateInventory({ ...size, dualTunnelShare: 1, peers });
  return aWorld({}, { inventory });
}

function keyItem(number: number, { tunnelId, ike }: Tunnel, key: string) {
  const block = Object.entries({ ...ike, Psk: key }).map(
    ([field, value]) => [`TunnelIkeConfig.${field}`, String(value)] as const,
  );
  return tunnelItem(number, { TunnelId: tunnelId, ...Object.fromEntries(block) });
}

/** Writes one tunnel and waits; with `told`, its device has the key before the cloud. */
async function rotate(
  cloud: Cloud,
  { id }: Connection,
  tunnel: Tunnel,
  key: string,
  told: boolean,
) {
  if (told) {
    cloud.simulator.state.tunnel(REGION, id, tunnel.tunnelId).deliver({ ike: { Psk: key } });
  }
  await cloud.modify(id, keyItem(1, tunnel, key));
  // To settle, until the device tries again, and a handshake.
  cloud.clock.advance(10_000 + 10_000 + 2_000);
}

describe('the record of a rotation (BEHAVIOUR.md "Record")', () => {
  it('shows no outage when pairs are changed a tunnel at a time, the second after the first is up', async () => {
    const cloud = aFleet({ onDelivery: 0.5 });
    const { connections } = cloud.simulator.inventory;
    for (const connection of connections) {
      for (const tunnel of connection.tunnels.toReversed()) {
        await rotate(cloud, connection, tunnel, `new${connection.id}`, true);
        expect(cloud.simulator.state.carriers(REGION, connection.id)).not.toEqual([]);
      }
    }

    expect(connections).toHaveLength(25);
    expect(cloud.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
    for (const { id } of connections) {
      const { tunnels } = cloud.simulator.state.connection(REGION, id);
      expect(tunnels.map(({ status, ike }) => [status, ike.Psk])).toEqual([
        ['ipsec_sa_established', `new${id}`],
        ['ipsec_sa_established', `new${id}`],
      ]);
    }
  });

  it('says with which key each tunnel and each device ended, whether they agree or not', async () => {
    const never = { kind: 'never' } as const;
    const cloud = aWorld({ 'tun-1': never });
    const { connections } = cloud.simulator.inventory;
    const pair = connections.find(({ tunnels }) => tunnels.length > 0);
    if (!pair) expect.unreachable('there is a pair');
    const keysNow = () =>
      cloud.simulator.state.keys().filter(({ vpnConnectionId }) => vpnConnectionId === pair.id);
    const old = pair.tunnels.map(({ ike }) => ike.Psk);
    expect(keysNow()).toEqual([
      expect.objectContaining({ tunnelId: 'tun-1', cloud: old[0], peer: old[0], isUp: true }),
      expect.objectContaining({ tunnelId: 'tun-2', cloud: old[1], peer: old[1], isUp: true }),
    ]);

    for (const tunnel of pair.tunnels) {
      await rotate(cloud, pair, tunnel, `new-${tunnel.index}`, true);
    }
    cloud.simulator.state.tunnel(REGION, pair.id, 'tun-1').reset();

    expect(keysNow()).toEqual([
      expect.objectContaining({ tunnelId: 'tun-1', cloud: 'new-1', peer: old[0], isUp: false }),
      expect.objectContaining({ tunnelId: 'tun-2', cloud: 'new-2', peer: 'new-2', isUp: true }),
    ]);
    expect(cloud.simulator.state.keys()).toHaveLength(
      connections.reduce((sum, { tunnels }) => sum + Math.max(1, tunnels.length), 0),
    );
    expect(JSON.stringify(cloud.simulator.record.snapshot())).not.toContain('new-1');
  });

  it('shows what it costs to change both tunnels in one call, with immediate effect', async () => {
    const cloud = aFleet({});
    const { connections } = cloud.simulator.inventory;
    for (const connection of connections) {
      const [first, second] = connection.tunnels;
      if (!first || !second) expect.unreachable('every connection is a pair');
      const items = { ...keyItem(1, first, 'newKey'), ...keyItem(2, second, 'newKey') };
      await cloud.modify(connection.id, { ...items, EffectImmediately: 'true' });
      cloud.clock.advance(20_000);
    }

    const { dual, outages } = cloud.simulator.record.outages();
    expect(dual).toMatchObject({ count: 25, downMs: 25 * 2_000 });
    expect(dual.downMsByCause.write).toBe(dual.downMs);
    expect(outages.map(({ requestId }) => requestId)).toEqual(
      cloud.simulator.record.writes().map(({ requestId }) => requestId),
    );
  });

  it('shows devices that never adopt as up on their old key once it is back', async () => {
    const cloud = aFleet({ never: 0.3 });
    const { connections, adoptions = {} } = cloud.simulator.inventory;
    let refused = 0;
    for (const connection of connections) {
      const [, slave] = connection.tunnels;
      if (!slave) expect.unreachable('every connection is a pair');
      const tunnel = cloud.simulator.state.tunnel(REGION, connection.id, slave.tunnelId);
      await rotate(cloud, connection, slave, 'newKey', false);
      tunnel.reset();
      cloud.clock.advance(2_000);
      const isUp = tunnel.look().session.isUp;
      expect(isUp).toBe(adoptions[slave.tunnelId]?.kind !== 'never');
      if (isUp) continue;
      refused += 1;
      await rotate(cloud, connection, slave, slave.ike.Psk, false);
      expect(tunnel.look().session.isUp).toBe(true);
    }

    expect(refused).toBeGreaterThan(3);
    expect(cloud.simulator.record.outages().dual.count).toBe(0);
  });
});
