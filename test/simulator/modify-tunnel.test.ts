import { describe, expect, it } from 'vitest';
import { aCloud, type Cloud, REGION, type Reply, tunnelItem, tunnelObject } from './cloud.ts';

const KEY = { 'TunnelIkeConfig.Psk': 'newKey0123456789' };

function modifyTunnel(
  { call }: Cloud,
  fields: Readonly<Record<string, string>>,
  params: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const named = { VpnConnectionId: 'vco-dual', TunnelId: 'tun-2' };
  return call('ModifyTunnelAttribute', { ...named, ...tunnelObject(fields), ...params });
}

describe('ModifyTunnelAttribute (BEHAVIOUR.md "Tunnels")', () => {
  it('changes one tunnel, without subnets, and answers with it alone', async () => {
    const cloud = aCloud();

    const { body } = await modifyTunnel(cloud, {
      ...KEY,
      EnableDpd: 'false',
      'TunnelIpsecConfig.IpsecLifetime': '3600',
    });
    cloud.clock.advance(10_000);

    expect(body).toEqual({
      RequestId: body.RequestId,
      TunnelId: 'tun-2',
      Role: 'slave',
      CustomerGatewayId: 'cgw-1',
      InternetIp: '47.98.1.2',
      ZoneNo: 'cn-hangzhou-i',
      RemoteCaCertificate: '',
      State: 'updating',
      EnableDpd: false,
      EnableNatTraversal: true,
      TunnelIkeConfig: {
        Psk: 'newKey0123456789',
        IkeVersion: 'ikev2',
        IkeMode: 'main',
        IkeEncAlg: 'aes',
        IkeAuthAlg: 'sha1',
        IkePfs: 'group2',
        IkeLifetime: 86_400,
        LocalId: '47.98.1.2',
        RemoteId: '139.1.1.1',
      },
      TunnelIpsecConfig: {
        IpsecEncAlg: 'aes',
        IpsecAuthAlg: 'sha1',
        IpsecPfs: 'group2',
        IpsecLifetime: 3_600,
      },
      TunnelBgpConfig: {
        EnableBgp: false,
        LocalAsn: 45_104,
        PeerAsn: 65_001,
        TunnelCidr: '',
        LocalBgpIp: '',
        PeerBgpIp: '',
      },
    });
    expect(cloud.simulator.state.connection(REGION, 'vco-dual').tunnels).toMatchObject([
      { tunnelId: 'tun-1', ike: { Psk: 'simulatedKey01' } },
      { tunnelId: 'tun-2', ike: { Psk: 'newKey0123456789' }, enableDpd: false },
    ]);
  });

  it('locks the whole gateway, and is refused while that is busy', async () => {
    const cloud = aCloud();
    await modifyTunnel(cloud, KEY);

    const sibling = await cloud.modify('vco-a');
    const itself = await modifyTunnel(cloud, KEY, { TunnelId: 'tun-1' });

    expect(sibling.body.Code).toBe('VpnGateway.Configuring');
    expect(itself.body.Code).toBe('VpnGateway.Configuring');
  });

  it('is applied once for one client token', async () => {
    const cloud = aCloud();

    const first = await modifyTunnel(cloud, { EnableDpd: 'false' }, { ClientToken: 't' });
    const again = await modifyTunnel(cloud, { EnableDpd: 'false' }, { ClientToken: 't' });
    const other = await modifyTunnel(cloud, { EnableDpd: 'true' }, { ClientToken: 't' });

    expect({ ...again.body, RequestId: '' }).toEqual({ ...first.body, RequestId: '' });
    expect(other.body.Code).toBe('IdempotentParameterMismatch');
    expect(cloud.simulator.record.writes().filter((write) => write.effective)).toHaveLength(1);
  });

  it.each([
    ['no tunnel', { TunnelId: '' }, 'MissingParameter'],
    ['an unknown tunnel', { TunnelId: 'tun-9' }, 'IllegalParam.TunnelId'],
    ['a tunnel of another connection', { TunnelId: 'tun-3' }, 'IllegalParam.TunnelId'],
    ['no connection', { VpnConnectionId: '' }, 'MissingParameter'],
    [
      'an attachment',
      { VpnConnectionId: 'vco-cen-dual' },
      'InvalidVpnConnectionInstanceId.NotFound',
    ],
    ['a single tunnel', { VpnConnectionId: 'vco-a' }, 'InvalidVpnConnectionInstanceId.NotFound'],
    ['EffectImmediately', { EffectImmediately: 'true' }, 'UnsupportedParameter'],
    ['EnableTunnelsBgp', { EnableTunnelsBgp: 'true' }, 'UnsupportedParameter'],
    ['Name', { Name: 'new' }, 'UnsupportedParameter'],
    ['a list', tunnelItem(1, { Role: 'slave', ...KEY }), 'InvalidParameter'],
    ['a JSON text', { TunnelOptionsSpecification: '{"EnableDpd":true}' }, 'InvalidParameter'],
    ['a wrong value', tunnelObject({ EnableDpd: 'no' }), 'IllegalParam.EnableDpd'],
    [
      'BGP that is off',
      tunnelObject({ 'TunnelBgpConfig.LocalAsn': '65010' }),
      'OperationUnsupported.EnableBgp',
    ],
  ])('refuses %s', async (_what, params, code) => {
    const cloud = aCloud();

    expect((await modifyTunnel(cloud, KEY, params)).body.Code).toBe(code);
  });

  it('changes BGP where the connection has it on', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-dual', {
      EnableTunnelsBgp: 'true',
      ...tunnelItem(1, { Role: 'master', 'TunnelBgpConfig.TunnelCidr': '169.254.11.0/30' }),
      ...tunnelItem(2, { Role: 'slave', 'TunnelBgpConfig.TunnelCidr': '169.254.12.0/30' }),
    });
    cloud.clock.advance(10_000);

    const { body } = await modifyTunnel(cloud, {
      'TunnelBgpConfig.LocalAsn': '65010',
      'TunnelBgpConfig.TunnelCidr': '169.254.13.0/30',
    });

    expect(body).toMatchObject({
      TunnelBgpConfig: { EnableBgp: true, LocalAsn: 65_010, TunnelCidr: '169.254.13.0/30' },
    });
  });
});
