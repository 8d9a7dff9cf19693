import { describe, expect, it } from 'vitest';
import type { WishTarget } from '../../../shared/change/expand-wish.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { bgp, dual, shown, single, wish } from './wish-targets.ts';

const key = { 'IkeConfig.Psk': new Secret('planted') };
const isSm = { 'IkeConfig.IkeEncAlg': 'sm4', 'IkeConfig.IkeAuthAlg': 'sm3' };

describe('a wish is refused', () => {
  it.each<[string, string, string | null, RegExp, FieldValues, WishTarget]>([
    [
      'a field of attachments on a gateway',
      'FieldNotApplicable',
      'CustomerGatewayId',
      /cannot be set on a connection on a VPN gateway/,
      { CustomerGatewayId: 'cgw-1' },
      single(),
    ],
    [
      'a health check policy on a gateway',
      'FieldNotApplicable',
      'HealthCheckConfig.Policy',
      /cannot be set/,
      { 'HealthCheckConfig.Policy': 'revoke_route' },
      single(),
    ],
    [
      'the BGP switch of two tunnels, with one',
      'FieldNotApplicable',
      'EnableTunnelsBgp',
      /set BgpConfig.EnableBgp/,
      { EnableTunnelsBgp: true },
      single(),
    ],
    [
      'nothing that applies',
      'NothingApplicable',
      null,
      /has one tunnel/,
      { 'slave/EnableDpd': true },
      single(),
    ],
    [
      'the BGP switch of one tunnel, with two',
      'FieldNotApplicable',
      'BgpConfig.EnableBgp',
      /set EnableTunnelsBgp/,
      { 'BgpConfig.EnableBgp': true },
      dual(),
    ],
    [
      'a health check, with two tunnels',
      'FieldNotApplicable',
      'HealthCheckConfig.enable',
      /has no HealthCheckConfig.enable/,
      { 'HealthCheckConfig.enable': true },
      dual(),
    ],
    [
      'a switch that each tunnel has',
      'FieldNotApplicable',
      'EnableDpd',
      /belongs to each tunnel/,
      { EnableDpd: true },
      dual(),
    ],
    [
      'a customer gateway that each tunnel has',
      'FieldNotApplicable',
      'CustomerGatewayId',
      /belongs to each tunnel/,
      { CustomerGatewayId: 'cgw-1' },
      dual('CEN'),
    ],
    [
      'a certificate for the tunnels of an attachment',
      'FieldNotApplicable',
      'RemoteCaCertificate',
      /tunnels of an attachment/,
      { RemoteCaCertificate: 'pem' },
      dual('CEN'),
    ],
    [
      'a certificate for a tunnel of an attachment',
      'FieldNotApplicable',
      shown('2', 'RemoteCaCertificate'),
      /tunnels of an attachment/,
      { '2/RemoteCaCertificate': 'pem' },
      dual('CEN'),
    ],
    [
      'a tunnel that is not there',
      'TunnelNotFound',
      'TunnelOptionsSpecification[tun-x]',
      /it has tun-m \(master\) and tun-s \(slave\)/,
      { 'tun-x/EnableDpd': true },
      dual(),
    ],
    [
      'a role where tunnels have numbers',
      'TunnelNotFound',
      'TunnelOptionsSpecification[slave]',
      /it has tun-1 \(number 1\)/,
      { 'slave/EnableDpd': true },
      dual('CEN'),
    ],
    [
      'names that contradict each other',
      'TunnelNotFound',
      'TunnelOptionsSpecification[tun-m&slave]',
      /has no tunnel/,
      { 'tun-m&slave/EnableDpd': true },
      dual(),
    ],
    [
      'one tunnel under two names',
      'TunnelNamedTwice',
      'TunnelOptionsSpecification[tun-s]',
      /another entry names already/,
      { 'slave/EnableDpd': true, 'tun-s/EnableNatTraversal': true },
      dual(),
    ],
    [
      'another customer gateway while unattached',
      'CustomerGatewayFixed',
      'CustomerGatewayId',
      /attach it first/,
      { CustomerGatewayId: 'cgw-2' },
      single('NO_ASSOCIATED', { CustomerGatewayId: 'cgw-1' }),
    ],
    [
      'the same for a tunnel',
      'CustomerGatewayFixed',
      shown('tun-2', 'CustomerGatewayId'),
      /attach it first/,
      { '2/CustomerGatewayId': 'cgw-2' },
      dual('NO_ASSOCIATED'),
    ],
    [
      'half default routing beside what stands',
      'RoutingModeMixed',
      'LocalSubnet',
      /set both/,
      { LocalSubnet: '0.0.0.0/0' },
      single('VPNGW', { RemoteSubnet: '10.0.0.0/8' }),
    ],
    [
      'BGP without a network',
      'TunnelCidrMissing',
      'BgpConfig.TunnelCidr',
      /needs a TunnelCidr/,
      { 'BgpConfig.EnableBgp': true },
      single(),
    ],
    [
      'BGP without a network of one tunnel',
      'TunnelCidrMissing',
      shown('tun-s', 'TunnelBgpConfig.TunnelCidr'),
      /needs a TunnelCidr/,
      { EnableTunnelsBgp: true, 'master/BgpConfig.TunnelCidr': '169.254.10.0/30' },
      dual(),
    ],
    [
      'a peer outside the network that stands',
      'LocalBgpIpOutside',
      'BgpConfig.LocalBgpIp',
      /169.254.12.1 in 169.254.10.0/,
      { 'BgpConfig.LocalBgpIp': '169.254.12.1' },
      single('CEN', { 'BgpConfig.TunnelCidr': '169.254.10.0/30' }),
    ],
    [
      'one network for both tunnels',
      'TunnelCidrTaken',
      shown('tun-2', 'TunnelBgpConfig.TunnelCidr'),
      /of its own/,
      { 'BgpConfig.TunnelCidr': '169.254.10.0/30' },
      dual('CEN'),
    ],
    [
      'BGP fields on a gateway where BGP is off',
      'BgpOff',
      shown('tun-s', 'TunnelBgpConfig.LocalAsn'),
      /set EnableTunnelsBgp to true/,
      { 'slave/BgpConfig.LocalAsn': 65_000 },
      dual('VPNGW', bgp),
    ],
    [
      'a key on an SM gateway',
      'AlgorithmNotSupported',
      'IkeConfig.Psk',
      /cannot be changed on an SM gateway/,
      key,
      single('VPNGW', isSm),
    ],
    [
      'another algorithm on an SM gateway',
      'AlgorithmNotSupported',
      'IkeConfig.IkeEncAlg',
      /must be sm4/,
      { 'IkeConfig.IkeEncAlg': 'aes' },
      single('VPNGW', isSm),
    ],
    [
      'an SM algorithm elsewhere',
      'AlgorithmNotSupported',
      'IpsecConfig.IpsecAuthAlg',
      /on SM gateways only/,
      { 'IpsecConfig.IpsecAuthAlg': 'sm3' },
      single('VPNGW', { 'IkeConfig.IkeEncAlg': 'aes' }),
    ],
  ])('for %s', (_, code, path, message, set, target) => {
    const result = wish(set, target);

    expect(result).toMatchObject({ kind: 'refused', code, path });
    expect(result.kind === 'refused' && result.message).toMatch(message);
    expect(JSON.stringify(result)).not.toContain('planted');
  });

  it('with all fields that do not apply, in one sentence', () => {
    const result = wish({ EnableDpd: true, 'HealthCheckConfig.dip': '10.0.0.1' }, dual());

    expect(result).toMatchObject({
      message: expect.stringMatching(/EnableDpd .*HealthCheckConfig.dip/),
    });
  });
});
