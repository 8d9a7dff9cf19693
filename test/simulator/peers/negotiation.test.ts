import { describe, expect, it } from 'vitest';
import { aSmallInventory, REGION } from '../cloud.ts';
import { aWorld, rekey, rekeySlave, statusesOf } from './world.ts';

const NOW = { EffectImmediately: 'true' };
const dayMs = 86_400_000;

describe('an SA (BEHAVIOUR.md "Negotiation")', () => {
  it('lives on under new values until its lifetime is over', async () => {
    const cloud = aWorld({ 'vco-a': { kind: 'never' } });
    await rekey(cloud, 'vco-a', 'newKey');
    const before = await statusesOf(cloud, 'vco-a');
    const { session, now } = cloud.simulator.state.tunnel(REGION, 'vco-a').look();
    const until = session.sas?.ike.until ?? 0;

    cloud.clock.advance(until - now - 1);
    const last = await statusesOf(cloud, 'vco-a');
    cloud.clock.advance(1);
    const after = await statusesOf(cloud, 'vco-a');
    cloud.clock.advance(1_000);

    expect([before, last, after]).toEqual(['up', 'up', 'down']);
    expect(cloud.simulator.record.outages().outages).toMatchObject([
      { vpnConnectionId: 'vco-a', from: until, to: null, cause: 'lifetime' },
    ]);
  });

  it('is renewed without a gap as long as the sides agree, however long nobody looks', async () => {
    const cloud = aWorld();
    cloud.clock.advance(1_000 * dayMs);

    const { session, now } = cloud.simulator.state.tunnel(REGION, 'vco-a').look();

    expect(now - (session.sas?.ike.since ?? 0)).toBeLessThanOrEqual(dayMs);
    expect(session.sas?.ike.until).toBeGreaterThan(now);
    expect(cloud.simulator.record.outages().single.count).toBe(0);
  });

  it('of IPsec is renewed below an IKE SA whose key is no longer right', async () => {
    const cloud = aWorld({ 'vco-a': { kind: 'never' } });
    await rekey(cloud, 'vco-a', 'newKey', {
      IpsecConfig: JSON.stringify({ IpsecLifetime: 600 }),
    });
    const { state } = cloud.simulator;
    const { session } = state.tunnel(REGION, 'vco-a').look();
    const { ike, ipsec } = session.sas ?? {};
    cloud.clock.advance((ipsec?.until ?? 0) - cloud.clock.now());
    state.connection(REGION, 'vco-a');

    expect(ipsec?.until).toBeLessThan(ike?.until ?? 0);
    expect(session.sas?.ike).toEqual(ike);
    expect(session.sas?.ipsec.since).toBe(ipsec?.until);
  });

  it('is reset at once where that is wanted, and the tunnel is down for a handshake', async () => {
    const cloud = aWorld();
    await rekey(cloud, 'vco-a', 'newKey', NOW);
    const seen = [await statusesOf(cloud, 'vco-a')];
    cloud.clock.advance(2_000);
    seen.push(await statusesOf(cloud, 'vco-a'));

    expect(seen).toEqual(['down', 'up']);
    expect(cloud.simulator.record.outages().single).toMatchObject({ count: 1, downMs: 2_000 });
    const [write] = cloud.simulator.record.writes();
    expect(cloud.simulator.record.outages().outages).toMatchObject([
      { cause: 'write', requestId: write?.requestId },
    ]);
  });

  it('is not reset by a new name, nor by values that are repeated', async () => {
    const cloud = aWorld();
    await rekey(cloud, 'vco-a', 'newKey', NOW);
    cloud.clock.advance(2_000);

    await cloud.modify('vco-a', { Name: 'renamed', ...NOW });
    cloud.clock.advance(10_000);

    expect(await statusesOf(cloud, 'vco-a')).toBe('up');
  });

  it('is made anew when somebody resets the tunnel', async () => {
    const cloud = aWorld();
    cloud.simulator.state.tunnel(REGION, 'vco-dual', 'tun-1').reset();
    const seen = [await statusesOf(cloud, 'vco-dual')];
    cloud.clock.advance(2_000);
    seen.push(await statusesOf(cloud, 'vco-dual'));

    expect(seen).toEqual(['up down up', 'up up up']);
  });
});

describe('EffectImmediately (BEHAVIOUR.md "Negotiation")', () => {
  it.each([
    ['tunnel', 'up up down'],
    ['connection', 'down down down'],
  ] as const)('resets the %s', async (resets, seen) => {
    const cloud = aWorld({}, { resets });
    await cloud.modify('vco-dual', NOW);
    cloud.clock.advance(20_000);
    await rekeySlave(cloud, 'newKey');

    expect(await statusesOf(cloud, 'vco-dual')).toBe(seen);
  });

  it('resets both tunnels when it is switched on itself', async () => {
    const cloud = aWorld({}, { resets: 'tunnel' });
    await cloud.modify('vco-dual', NOW);
    cloud.clock.advance(10_000);

    expect(await statusesOf(cloud, 'vco-dual')).toBe('down down down');
    expect(cloud.simulator.record.outages().dual.downMsByCause.write).toBe(0);
    cloud.clock.advance(5_000);
    expect(cloud.simulator.record.outages().dual.downMsByCause.write).toBe(2_000);
  });
});

describe('a pair (BEHAVIOUR.md "Negotiation")', () => {
  it('carries by its master, by its slave while the master is down, and is no outage', () => {
    const { simulator, clock } = aWorld();
    const seen = [simulator.state.carriers(REGION, 'vco-dual')];
    simulator.state.setNegotiation(REGION, 'vco-dual', 'ike_sa_not_established', 'tun-1');
    seen.push(simulator.state.carriers(REGION, 'vco-dual'));
    clock.advance(60_000);
    simulator.state.setNegotiation(REGION, 'vco-dual', 'ipsec_sa_established', 'tun-1');
    clock.advance(2_000);
    seen.push(simulator.state.carriers(REGION, 'vco-dual'));

    expect(seen).toEqual([['tun-1'], ['tun-2'], ['tun-1']]);
    expect(simulator.record.outages().dual.count).toBe(0);
  });

  it('carries by both where it hangs on a transit router', () => {
    const { simulator } = aWorld();

    expect(simulator.state.carriers(REGION, 'vco-cen-dual')).toEqual(['tun-3', 'tun-4']);
    expect(simulator.state.carriers(REGION, 'vco-a')).toEqual(['vco-a']);
  });

  it('is without a tunnel from when the second goes down until the first is up', () => {
    const { simulator, clock } = aWorld();
    const hold = (status: 'ike_sa_not_established' | 'ipsec_sa_established', id: string): void =>
      simulator.state.setNegotiation(REGION, 'vco-dual', status, id);
    hold('ike_sa_not_established', 'tun-1');
    clock.advance(1_000);
    const from = clock.now();
    hold('ike_sa_not_established', 'tun-2');
    clock.advance(3_000);
    hold('ipsec_sa_established', 'tun-1');
    clock.advance(60_000);

    expect(simulator.record.outages().outages).toEqual([
      {
        regionId: REGION,
        vpnConnectionId: 'vco-dual',
        tunnelMode: 'dual',
        from,
        to: from + 5_000,
        cause: 'network',
        requestId: null,
      },
    ]);
  });
});

describe('peers (BEHAVIOUR.md "Peers")', () => {
  it('that follow negotiate anew at the moment of the change', async () => {
    const cloud = aWorld({}, { handshakeMs: 0 });
    await rekey(cloud, 'vco-a', 'newKey');
    const { session, now } = cloud.simulator.state.tunnel(REGION, 'vco-a').look();

    expect(session.sas?.ike.since).toBe(now);
    expect(cloud.simulator.record.outages().single.count).toBe(0);
  });

  it('that go by delivery are down from then on until the cloud has the key too', async () => {
    const cloud = aWorld({ 'tun-2': { kind: 'onDelivery' } });
    const tunnel = cloud.simulator.state.tunnel(REGION, 'vco-dual', 'tun-2');

    const delivery = tunnel.deliver({ ike: { Psk: 'newKey' } });
    const seen = [delivery, await statusesOf(cloud, 'vco-dual')];
    // The peer tries every 10 s, so its next attempt is at the moment at which the change takes effect.
    await rekeySlave(cloud, 'newKey');
    seen.push(await statusesOf(cloud, 'vco-dual'));
    cloud.clock.advance(2_000);
    seen.push(await statusesOf(cloud, 'vco-dual'));

    expect(seen).toEqual(['adopted', 'up up down', 'up up down', 'up up up']);
  });

  it('that are late come up with the new key when their time is over', async () => {
    const cloud = aWorld({ 'tun-2': { kind: 'late', afterMs: 60_000 } });
    await rekeySlave(cloud, 'newKey', NOW);
    const seen = [await statusesOf(cloud, 'vco-dual')];
    for (const waitMs of [59_999, 1, 2_000]) {
      cloud.clock.advance(waitMs);
      seen.push(await statusesOf(cloud, 'vco-dual'));
    }

    expect(seen).toEqual(['down down down', 'up up down', 'up up down', 'up up up']);
  });

  it('that are told long before nobody looks again leave no success behind in the log', () => {
    const { simulator, clock } = aWorld({ 'vco-a': { kind: 'late', afterMs: 50 * dayMs } });
    const tunnel = simulator.state.tunnel(REGION, 'vco-a');
    tunnel.deliver({ ike: { Psk: 'newKey' } });
    const adoptedAt = clock.now() + 50 * dayMs;
    clock.advance(100 * dayMs);

    const { session, now } = tunnel.look();
    const after = session.linesBetween(adoptedAt, now).map(({ text }) => text);

    expect(session.status).toBe('ike_sa_not_established');
    expect(after.length).toBeGreaterThan(5);
    expect(after.filter((text) => text.includes('established'))).toEqual([]);
  });

  it('that adopt wrongly are right again with a key that they had', async () => {
    const cloud = aWorld({ 'tun-2': { kind: 'wrongly' } });
    await rekeySlave(cloud, 'newKey');
    cloud.clock.advance(60_000);
    const wrong = await statusesOf(cloud, 'vco-dual');
    await rekeySlave(cloud, 'simulatedKey02');
    cloud.clock.advance(60_000);

    expect([wrong, await statusesOf(cloud, 'vco-dual')]).toEqual(['up up down', 'up up up']);
  });

  it('that are told to follow catch up', async () => {
    const cloud = aWorld({ 'vco-a': { kind: 'never' } });
    await rekey(cloud, 'vco-a', 'newKey', NOW);
    const tunnel = cloud.simulator.state.tunnel(REGION, 'vco-a');

    expect(tunnel.deliver({ ike: { Psk: 'newKey' } })).toBe('ignored');
    tunnel.behave({ kind: 'follows' });
    cloud.clock.advance(2_000);

    expect(await statusesOf(cloud, 'vco-a')).toBe('up');
  });

  it('do not exist for connections that are not there', () => {
    const { state } = aWorld().simulator;

    expect(() => state.tunnel(REGION, 'vco-dual')).toThrow(/no tunnel/);
    expect(() => state.tunnel(REGION, 'vco-none')).toThrow(/no vco-none/);
  });

  it('may be down from the beginning', () => {
    const inventory = aSmallInventory();
    const connections = inventory.connections.map((each) =>
      each.id === 'vco-a' ? { ...each, status: 'ike_sa_not_established' as const } : each,
    );
    const { simulator, clock } = aWorld({}, { inventory: { ...inventory, connections } });
    clock.advance(1_000);

    expect(simulator.record.outages().single).toMatchObject({ count: 1, downMs: 1_000 });
  });
});
