import { describe, expect, it } from 'vitest';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import {
  aFleet,
  aPair,
  effectiveWrites,
  outcomesOf,
  planOf,
  region,
  tunnelsWritten,
} from './fleet.ts';
import { later, useWorlds } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const bothSides = { IkeConfig: { Psk: 'newKey0123456789', IkePfs: 'group14' } };

/** How often each Modify action was called. */
function modifyCalls({ simulator }: VirtualWorld): Record<string, number> {
  const calls = simulator.record.calls().filter(({ action }) => action.startsWith('Modify'));
  return Object.fromEntries(calls.map(({ action, total }) => [action, total]));
}

/** What stands in the cloud. */
function standing({ simulator }: VirtualWorld, name = 'a') {
  return simulator.state.connection(region, `vco-${name}`);
}

describe('a change of a dual-tunnel connection', () => {
  const open = useWorlds(withPostgres());

  it.each([
    {
      where: 'on a VPN gateway',
      fleet: aFleet({ 'a@1': aPair('a') }),
      calls: { ModifyVpnConnectionAttribute: 1, ModifyTunnelAttribute: 2 },
    },
    {
      where: 'on a transit router',
      fleet: aFleet({ a: aPair('a') }),
      calls: { ModifyVpnAttachmentAttribute: 3 },
    },
  ])('goes to the connection, the standby and the other tunnel in turn, $where', async (the) => {
    const world = await open({ simulator: { inventory: the.fleet, settleMs } });
    const before = standing(world);

    const set = { Name: 'renamed', ...bothSides };
    const { id } = await world.submit(planOf(['a'], { set, acceptOutage: true }));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded', attempts: 3, code: null });
    expect(tunnelsWritten(world)).toEqual(['-', 'a2', 'a1']);
    expect(modifyCalls(world)).toEqual(the.calls);
    expect(world.simulator.record.tunnelOverlaps()).toEqual([]);
    expect(world.simulator.record.overlaps()).toEqual([]);
    const tunnels = before.tunnels.map((tunnel) => ({
      ...tunnel,
      ike: { ...tunnel.ike, Psk: 'newKey0123456789', IkePfs: 'group14' },
    }));
    expect(standing(world)).toEqual({ ...before, name: 'renamed', tunnels });
  });

  it('gives an entry to the tunnel it names, each its own key, and shows both tunnels', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }), settleMs } });
    const set = {
      IkeConfig: { IkeEncAlg: 'aes256' },
      TunnelOptionsSpecification: [
        { Role: 'slave', TunnelIkeConfig: { Psk: 'keyOfTheSlave0001', IkeEncAlg: 'aes192' } },
        { TunnelId: 'tun-a1', EnableDpd: false, TunnelIkeConfig: { Psk: 'keyOfTheMaster001' } },
      ],
    };

    const { id } = await world.submit(planOf(['a'], { set, acceptOutage: true }));
    await world.drain();

    expect(standing(world).tunnels).toMatchObject([
      { ike: { Psk: 'keyOfTheMaster001', IkeEncAlg: 'aes256' }, enableDpd: false },
      { ike: { Psk: 'keyOfTheSlave0001', IkeEncAlg: 'aes192' }, enableDpd: true },
    ]);
    const [change] = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 9,
      after: null,
    });
    expect(change?.diff).toContainEqual({
      path: 'TunnelOptionsSpecification[tun-a2].TunnelIkeConfig.IkeEncAlg',
      from: 'aes',
      to: 'aes192',
    });
    expect(change?.tunnels).toMatchObject([
      { tunnelId: 'tun-a1', role: 'master', state: 'active', wasUp: true },
      { tunnelId: 'tun-a2', role: 'slave', state: 'active', wasUp: true },
    ]);
  });

  it('touches nothing but the tunnel that differs', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }), settleMs } });
    const entry = { Role: 'slave', EnableDpd: false };

    const { id } = await world.submit(
      planOf(['a'], { set: { TunnelOptionsSpecification: [entry] } }),
    );
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'succeeded',
      attempts: 1,
    });
    expect(tunnelsWritten(world)).toEqual(['a2']);
  });

  it('switches BGP on together with what it needs of each tunnel', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }), settleMs } });
    const peering = (place: 1 | 2) => ({
      TunnelCidr: `169.254.1${place}.0/30`,
      LocalBgpIp: `169.254.1${place}.1`,
    });
    const set = {
      EnableTunnelsBgp: true,
      TunnelOptionsSpecification: [
        { Role: 'master', TunnelBgpConfig: peering(1) },
        { Role: 'slave', TunnelBgpConfig: peering(2) },
      ],
    };

    const { id } = await world.submit(planOf(['a'], { set }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'succeeded',
      attempts: 1,
    });
    expect(standing(world)).toMatchObject({
      enableTunnelsBgp: true,
      tunnels: [{ bgp: peering(1) }, { bgp: peering(2) }],
    });
  });

  it('sends what no answer shows once', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }), settleMs } });
    const set = { AutoConfigRoute: false, IkeConfig: { IkePfs: 'group14' } };

    const { id } = await world.submit(planOf(['a'], { set, acceptOutage: true }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'succeeded',
      attempts: 3,
    });
    expect(standing(world).autoConfigRoute).toBe(false);
  });

  it('never sends EffectImmediately unless the plan names it', async () => {
    const effectImmediately = true;
    const inventory = aFleet({ 'a@1': { ...aPair('a'), effectImmediately } });
    const world = await open({ simulator: { inventory, settleMs } });

    await world.submit(
      planOf(['a'], { set: { Name: 'renamed', ...bothSides }, acceptOutage: true }),
    );
    await world.drain();

    expect(standing(world).effectImmediately).toBe(true);
    expect(world.simulator.record.tunnelOverlaps()).toEqual([]);
  });

  it.each([
    ['an outage that the plan does not accept', { set: bothSides }, 'TunnelRedundancyLost'],
    [
      'a tunnel that is not there',
      { set: { TunnelOptionsSpecification: [{ TunnelIndex: 2, EnableDpd: false }] } },
      'TunnelNotFound',
    ],
    ['a field that each tunnel has', { set: { EnableDpd: false } }, 'FieldNotApplicable'],
  ])('is refused for %s, and nothing is written', async (_, plan, code) => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': aPair('a') }) } });

    const { id } = await world.submit(planOf(['a'], plan));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'failed', code });
    expect(effectiveWrites(world)).toEqual([]);
  });

  it('reports what somebody else changed in the other tunnel, and leaves it alone', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: aPair('a') }), settleMs } });
    later(world, 12_000, () => {
      const [first] = standing(world).tunnels;
      if (!first) throw new Error('there is no tunnel');
      const theirs = { tunnelId: 'tun-a1', ike: { ...first.ike, IkePfs: 'group5' } };
      world.simulator.state.tamper(region, 'vco-a', { tunnels: [theirs] }, { settleMs: 0 });
    });

    const { id } = await world.submit(planOf(['a'], { set: bothSides, acceptOutage: true }));
    await world.drain();

    const [change] = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 9,
      after: null,
    });
    expect(change).toMatchObject({ state: 'failed', attempts: 1 });
    expect(change?.lastError).toMatchObject({
      code: 'ChangedElsewhere',
      message: expect.stringContaining('TunnelOptionsSpecification[tun-a1].TunnelIkeConfig.IkePfs'),
    });
    expect(standing(world).tunnels.map(({ ike }) => ike.IkePfs)).toEqual(['group5', 'group14']);
  });

  it('is one plan with single-tunnel connections', async () => {
    const inventory = aFleet({ 'a@1': aPair('a'), b: {} });
    const world = await open({ simulator: { inventory, settleMs } });
    const entry = { Role: 'slave', TunnelIkeConfig: { IkeLifetime: 3600 } };
    const set = { ...bothSides, TunnelOptionsSpecification: [entry] };

    const { id } = await world.submit(planOf(['a', 'b'], { set, acceptOutage: true }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id)).map(({ state }) => state)).toEqual([
      'succeeded',
      'succeeded',
    ]);
    expect(standing(world, 'b').ike).toMatchObject({ IkePfs: 'group14', IkeLifetime: 86_400 });
    expect(standing(world).tunnels.map(({ ike }) => ike.IkeLifetime)).toEqual([86_400, 3_600]);
  });
});
