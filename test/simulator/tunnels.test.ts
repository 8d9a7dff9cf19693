import { describe, expect, it } from 'vitest';
import type { Tunnel } from '../../local/simulator/shapes.ts';
import { aCloud, type Cloud, REGION, type Reply, tunnelItem, tunnelsIn } from './cloud.ts';

const IKE = { 'TunnelIkeConfig.Psk': 'newKey0123456789', 'TunnelIkeConfig.IkeVersion': 'ikev1' };

function tunnelOf({ simulator }: Cloud, id: string, index: 1 | 2): Tunnel | undefined {
  return simulator.state.connection(REGION, id).tunnels[index - 1];
}

async function statesOf({ call }: Cloud, id: string): Promise<readonly (string | undefined)[]> {
  const { body } = await call('DescribeVpnConnection', { VpnConnectionId: id });
  return [body.State, ...tunnelsIn(body).map((tunnel) => tunnel.State)];
}

function keysIn({ body }: Reply): readonly unknown[] {
  return tunnelsIn(body).map((tunnel) => tunnel.TunnelIkeConfig.Psk);
}

describe('changes of tunnels (BEHAVIOUR.md "Tunnels")', () => {
  it.each([
    ['vco-dual', { TunnelId: 'tun-2', Role: 'slave' }],
    ['vco-dual', { TunnelId: 'tun-2' }],
    ['vco-dual', { Role: 'slave' }],
    ['vco-cen-dual', { TunnelId: 'tun-4', TunnelIndex: '2' }],
    ['vco-cen-dual', { TunnelId: 'tun-4' }],
    ['vco-cen-dual', { TunnelIndex: '2', Role: 'master' }],
  ])('change on %s the tunnel that %j names and no other', async (id, name) => {
    const cloud = aCloud();
    const before = tunnelOf(cloud, id, 1);

    const { status } = await cloud.modify(id, tunnelItem(1, { ...name, ...IKE }));
    cloud.clock.advance(10_000);

    expect(status).toBe(200);
    expect(tunnelOf(cloud, id, 1)).toEqual(before);
    expect(tunnelOf(cloud, id, 2)?.ike).toMatchObject({
      Psk: 'newKey0123456789',
      IkeVersion: 'ikev1',
    });
  });

  it('change both tunnels in one request, in any order', async () => {
    const cloud = aCloud();

    await cloud.modify('vco-dual', {
      ...tunnelItem(1, { Role: 'slave', 'TunnelIkeConfig.Psk': 'second' }),
      ...tunnelItem(2, { Role: 'master', 'TunnelIkeConfig.Psk': 'first' }),
    });
    cloud.clock.advance(10_000);

    expect(tunnelOf(cloud, 'vco-dual', 1)?.ike.Psk).toBe('first');
    expect(tunnelOf(cloud, 'vco-dual', 2)?.ike.Psk).toBe('second');
  });

  it('set every field that tunnels have', async () => {
    const cloud = aCloud();

    await cloud.modify(
      'vco-dual',
      tunnelItem(1, {
        TunnelId: 'tun-1',
        CustomerGatewayId: 'cgw-2',
        EnableDpd: 'false',
        EnableNatTraversal: 'false',
        ...IKE,
        'TunnelIkeConfig.IkeLifetime': '3600',
        'TunnelIkeConfig.RemoteId': 'there.example',
        'TunnelIpsecConfig.IpsecPfs': 'disabled',
        'TunnelIpsecConfig.IpsecLifetime': '1800',
        'TunnelBgpConfig.LocalAsn': '65010',
        'TunnelBgpConfig.TunnelCidr': '169.254.11.0/30',
        'TunnelBgpConfig.LocalBgpIp': '169.254.11.1',
      }),
    );
    cloud.clock.advance(10_000);

    expect(tunnelOf(cloud, 'vco-dual', 1)).toMatchObject({
      customerGatewayId: 'cgw-2',
      enableDpd: false,
      enableNatTraversal: false,
      ike: { IkeLifetime: 3_600, RemoteId: 'there.example' },
      ipsec: { IpsecPfs: 'disabled', IpsecLifetime: 1_800, IpsecEncAlg: 'aes' },
      bgp: { LocalAsn: 65_010, TunnelCidr: '169.254.11.0/30', LocalBgpIp: '169.254.11.1' },
    });
  });

  it('show new values when settled and not before', async () => {
    const cloud = aCloud();

    const answer = await cloud.modify('vco-dual', tunnelItem(1, { Role: 'slave', ...IKE }));
    cloud.clock.advance(9_999);
    const before = await cloud.call('DescribeVpnConnection', { VpnConnectionId: 'vco-dual' });
    cloud.clock.advance(1);
    const after = await cloud.call('DescribeVpnConnection', { VpnConnectionId: 'vco-dual' });

    expect(keysIn(answer)).toEqual(['simulatedKey01', 'newKey0123456789']);
    expect(keysIn(before)).toEqual(['simulatedKey01', 'simulatedKey02']);
    expect(keysIn(after)).toEqual(['simulatedKey01', 'newKey0123456789']);
  });

  it('keep what was negotiated in the meantime', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-dual', tunnelItem(1, { Role: 'slave', ...IKE }));

    cloud.simulator.state.setNegotiation(REGION, 'vco-dual', 'ike_sa_not_established', 'tun-2');
    cloud.clock.advance(10_000);

    expect(tunnelOf(cloud, 'vco-dual', 2)).toMatchObject({
      status: 'ike_sa_not_established',
      ike: { Psk: 'newKey0123456789' },
    });
  });

  it('move a tunnel to another customer gateway, by which lists then find it', async () => {
    const cloud = aCloud();
    const listed = async (id: string) =>
      (
        await cloud.call('DescribeVpnConnections', { CustomerGatewayId: id })
      ).body.VpnConnections?.VpnConnection.map((item) => item.VpnConnectionId);

    for (const role of ['master', 'slave']) {
      const fields = { Role: role, CustomerGatewayId: 'cgw-2', 'TunnelIkeConfig.Psk': 'k' };
      await cloud.modify('vco-dual', tunnelItem(1, fields));
      cloud.clock.advance(10_000);
    }
    const back = { TunnelId: 'tun-4', CustomerGatewayId: 'cgw-1' };
    await cloud.modify('vco-cen-dual', tunnelItem(1, back));
    cloud.clock.advance(10_000);

    expect(await listed('cgw-2')).toEqual(['vco-c', 'vco-dual']);
    expect(await listed('cgw-1')).toContain('vco-dual');
    expect(tunnelOf(cloud, 'vco-dual', 2)?.ike.RemoteId).toBe('139.196.32.167');
  });
});

describe('a tunnel block that leaves keys out (BEHAVIOUR.md "Tunnels")', () => {
  it('gets a key of its own made up', async () => {
    const cloud = aCloud();

    const answer = await cloud.modify('vco-dual', {
      ...tunnelItem(1, { Role: 'master', 'TunnelIkeConfig.IkeVersion': 'ikev2' }),
      ...tunnelItem(2, { Role: 'slave', 'TunnelIkeConfig.IkeVersion': 'ikev2' }),
    });
    cloud.clock.advance(10_000);

    const [first, second] = keysIn(answer);
    expect(first).toMatch(/^[a-z0-9]{16}$/);
    expect(second).toMatch(/^[a-z0-9]{16}$/);
    expect(first).not.toBe(second);
    expect(tunnelOf(cloud, 'vco-dual', 1)?.ike.Psk).toBe(first);
  });

  it('keeps the key when told so', async () => {
    const { modify } = aCloud({ pskBehaviour: 'merge' });

    const answer = await modify(
      'vco-cen-dual',
      tunnelItem(1, { TunnelIndex: '1', 'TunnelIkeConfig.IkeVersion': 'ikev1' }),
    );

    expect(keysIn(answer)).toEqual(['simulatedKey01', 'simulatedKey02']);
  });

  it('gets the defaults of tunnels, and blocks that are not sent stay', async () => {
    const cloud = aCloud();
    const before = tunnelOf(cloud, 'vco-dual', 2);

    await cloud.modify('vco-dual', tunnelItem(1, { Role: 'slave', 'TunnelIkeConfig.Psk': 'k' }));
    cloud.clock.advance(10_000);

    expect(tunnelOf(cloud, 'vco-dual', 2)).toEqual({
      ...before,
      ike: {
        Psk: 'k',
        IkeVersion: 'ikev2',
        IkeMode: 'main',
        IkeEncAlg: 'aes',
        IkeAuthAlg: 'sha1',
        IkePfs: 'group2',
        IkeLifetime: 86_400,
        LocalId: '47.98.1.2',
        RemoteId: '139.1.1.1',
      },
    });
  });

  it('keeps what it leaves out when told so', async () => {
    const cloud = aCloud({ updateSemantics: 'merge' });
    const fields = {
      Role: 'slave',
      'TunnelIkeConfig.Psk': 'k',
      'TunnelIkeConfig.IkePfs': 'group5',
    };
    await cloud.modify('vco-dual', tunnelItem(1, fields));
    cloud.clock.advance(10_000);

    await cloud.modify('vco-dual', tunnelItem(1, { Role: 'slave', 'TunnelIkeConfig.Psk': 'm' }));
    cloud.clock.advance(10_000);

    expect(tunnelOf(cloud, 'vco-dual', 2)?.ike).toMatchObject({ Psk: 'm', IkePfs: 'group5' });
  });
});

describe('states of tunnels (BEHAVIOUR.md "Locks")', () => {
  it.each([
    ['vco-dual', { Role: 'slave' }, 'active'],
    ['vco-cen-dual', { TunnelIndex: '2' }, 'attached'],
  ])('turn to updating on %s late, for the changed tunnel alone', async (id, name, final) => {
    const cloud = aCloud();
    await cloud.modify(id, tunnelItem(1, { ...name, ...IKE }));
    const seen: unknown[] = [];

    for (const waitMs of [0, 1_999, 1, 7_999, 1]) {
      cloud.clock.advance(waitMs);
      seen.push(await statesOf(cloud, id));
    }

    expect(seen).toEqual([
      [final, 'active', 'active'],
      [final, 'active', 'active'],
      ['updating', 'active', 'updating'],
      ['updating', 'active', 'updating'],
      [final, 'active', 'active'],
    ]);
  });

  it.each([
    ['the name', { Name: 'new' }, ['active', 'active']],
    ['a subnet', { LocalSubnet: '10.9.0.0/16' }, ['updating', 'updating']],
    ['how negotiations start', { EffectImmediately: 'true' }, ['updating', 'updating']],
    ['nothing', { EffectImmediately: 'false' }, ['active', 'active']],
  ])('show what a change of %s works on', async (_what, params, states) => {
    const cloud = aCloud();

    const { body } = await cloud.modify('vco-dual', params);
    cloud.clock.advance(5_000);

    expect(tunnelsIn(body).map((tunnel) => tunnel.State)).toEqual(states);
    expect(await statesOf(cloud, 'vco-dual')).toEqual(['updating', ...states]);
  });

  it('are the same in lists, also when a change was ignored', async () => {
    const cloud = aCloud();
    cloud.simulator.state.tamper(REGION, 'vco-dual', { name: 'sim:ignored' }, { settleMs: 0 });

    for (const role of ['master', 'slave']) {
      await cloud.modify('vco-dual', tunnelItem(1, { Role: role, ...IKE }));
      cloud.clock.advance(5_000);
      const params = { VpnConnectionId: 'vco-dual' };
      const { body } = await cloud.call('DescribeVpnConnections', params);
      const [item] = body.VpnConnections?.VpnConnection ?? [];
      const states = tunnelsIn(item ?? {}).map((tunnel) => tunnel.State);

      expect([item?.State, ...states]).toEqual(await statesOf(cloud, 'vco-dual'));
      cloud.clock.advance(5_000);
    }
  });

  it('lock the whole gateway, or an attachment alone', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-dual', tunnelItem(1, { Role: 'slave', ...IKE }));
    await cloud.modify('vco-cen-dual', tunnelItem(1, { TunnelIndex: '1', ...IKE }));

    const codes = await Promise.all(
      ['vco-a', 'vco-dual', 'vco-cen-dual', 'vco-cen'].map((id) => cloud.modify(id)),
    );

    expect(codes.map(({ body }) => body.Code)).toEqual([
      'VpnGateway.Configuring',
      'VpnGateway.Configuring',
      'VpnConnection.Configuring',
      undefined,
    ]);
  });
});
