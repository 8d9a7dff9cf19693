import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseConnection, parseModifiedTunnel } from '../../../../shared/adapters/aliyun/wire.ts';
import { isSettledState, type VpnConnection } from '../../../../shared/connection/model.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { reveal } from '../../../../shared/platform/secret-reveal.ts';

/** What an answer holds beside its tunnels; the switches and blocks at its top mean nothing on a pair. */
const onGateway = {
  VpnConnectionId: 'vco-one',
  VpnGatewayId: 'vpn-one',
  CustomerGatewayId: 'cgw-one',
  AttachType: 'VPNGW',
  Name: 'branch-a',
  State: 'active',
  LocalSubnet: '10.0.0.0/16',
  RemoteSubnet: '192.168.0.0/24',
  EffectImmediately: false,
  EnableTunnelsBgp: true,
  EnableDpd: true,
  EnableNatTraversal: true,
  IkeConfig: { Psk: 'planted-key' },
  VcoHealthCheck: { Enable: 'false' },
};
const attachment = { AttachType: 'CEN', VpnGatewayId: 'vpn-not-exist', State: 'attached' };

/** A tunnel as in the API document of DescribeVpnConnection: switches and numbers are texts. */
const aTunnel = {
  TunnelId: 'tun-m',
  Role: 'master',
  CustomerGatewayId: 'cgw-two',
  State: 'Active',
  Status: 'ipsec_sa_established',
  EnableDpd: 'true',
  EnableNatTraversal: 'false',
  RemoteCaCertificate: '',
  TunnelIkeConfig: {
    Psk: 'planted-tunnel-key',
    IkeVersion: 'ikev2',
    IkeLifetime: '86400',
    LocalId: 'leftId-not-exist',
  },
  TunnelIpsecConfig: { IpsecPfs: 'group14', IpsecLifetime: '3600' },
  TunnelBgpConfig: { LocalAsn: '45104', TunnelCidr: '169.254.11.0/30', BgpStatus: 'false' },
};

/** What connection and tunnel have in common, in the forms of the answers that hold tunnels. */
function readPair(tunnels: readonly object[], changes: object = {}): VpnConnection | null {
  const specification = { TunnelOptions: tunnels };
  const answer = { ...onGateway, TunnelOptionsSpecification: specification, ...changes };
  return parseConnection(answer, 'cn-hangzhou');
}

describe('a dual-tunnel connection', () => {
  const slave = { ...aTunnel, TunnelId: 'tun-s', Role: 'slave', State: 'updating', Status: '' };

  it('is read with its tunnels, and each field where it lives', () => {
    const connection = readPair([aTunnel, slave]);
    const { 'tun-m/IkeConfig.Psk': psk, ...fields } = connection?.fields ?? {};

    expect(connection?.tunnels).toEqual([
      {
        tunnelId: 'tun-m',
        role: 'master',
        index: null,
        state: 'active',
        negotiation: 'ipsec_sa_established',
      },
      { tunnelId: 'tun-s', role: 'slave', index: null, state: 'updating', negotiation: null },
    ]);
    expect(psk instanceof Secret && reveal(psk)).toBe('planted-tunnel-key');
    expect(Object.keys(fields).filter((path) => !path.startsWith('tun-'))).toEqual([
      'Name',
      'LocalSubnet',
      'RemoteSubnet',
      'EffectImmediately',
      'EnableTunnelsBgp',
    ]);
    expect(fields).toMatchObject({
      EnableTunnelsBgp: true,
      'tun-m/CustomerGatewayId': 'cgw-two',
      'tun-m/EnableDpd': true,
      'tun-m/EnableNatTraversal': false,
      'tun-m/IkeConfig.IkeVersion': 'ikev2',
      'tun-m/IkeConfig.IkeLifetime': 86_400,
      'tun-m/IpsecConfig.IpsecLifetime': 3_600,
      'tun-m/BgpConfig.LocalAsn': 45_104,
      'tun-m/BgpConfig.TunnelCidr': '169.254.11.0/30',
    });
    expect(fields).not.toHaveProperty('tun-m/IkeConfig.LocalId');
    expect(fields).not.toHaveProperty('tun-m/RemoteCaCertificate');
  });

  it('has numbers instead of roles as an attachment, and no certificates', () => {
    const tunnels = ['1', 2].map((TunnelIndex) => ({
      ...aTunnel,
      Role: undefined,
      TunnelId: `tun-${TunnelIndex}`,
      TunnelIndex,
      RemoteCaCertificate: 'pem',
    }));
    const connection = readPair(tunnels, { ...attachment, TunnelOptionsSpecification: tunnels });

    expect(connection?.tunnels).toMatchObject([
      { tunnelId: 'tun-1', role: null, index: 1 },
      { tunnelId: 'tun-2', role: null, index: 2 },
    ]);
    expect(connection?.fields).not.toHaveProperty('tun-1/RemoteCaCertificate');
  });

  it.each([
    ['active', 'active', true],
    ['active', 'Active', true],
    ['active', 'updating', false],
    ['active', undefined, false],
    ['updating', 'active', false],
  ])('in state %s with a tunnel in state %s is settled: %s', (state, tunnelState, settled) => {
    const connection = readPair([aTunnel, { ...aTunnel, TunnelId: 'tun-s', State: tunnelState }], {
      State: state,
    });

    expect(connection && isSettledState(connection)).toBe(settled);
  });

  it('shows no key however it is printed', () => {
    const connection = readPair([aTunnel, slave]);

    expect(
      `${inspect(connection?.fields, { depth: 9 })}${JSON.stringify(connection)}`,
    ).not.toContain('planted');
  });
});

describe('parseModifiedTunnel', () => {
  it.each([
    [{ TunnelId: 'tun-m', State: 'updating' }, 'tun-m'],
    [{ VpnConnectionId: 'vco-one' }, null],
    [{ TunnelId: '' }, null],
    [{}, null],
  ])('reads the tunnel of %j as %s', (body, tunnelId) => {
    expect(parseModifiedTunnel(body)).toBe(tunnelId);
  });
});
