import { describe, expect, it } from 'vitest';
import type { WishTarget } from '../../../shared/change/expand-wish.ts';
import { wishOnConnection } from '../../../shared/change/wish-on-connection.ts';
import type { Tunnel } from '../../../shared/connection/model.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';
import { Secret } from '../../../shared/platform/secret.ts';

const up = { state: 'active', negotiation: 'ipsec_sa_established' };
const pairs: Record<'VPNGW' | 'CEN' | 'NO_ASSOCIATED', Tunnel[]> = {
  VPNGW: [
    { tunnelId: 'tun-m', role: 'master', index: null, ...up },
    { tunnelId: 'tun-s', role: 'slave', index: null, ...up },
  ],
  CEN: [
    { tunnelId: 'tun-1', role: null, index: 1, ...up },
    { tunnelId: 'tun-2', role: null, index: 2, ...up },
  ],
  NO_ASSOCIATED: [
    { tunnelId: 'tun-1', role: null, index: 1, ...up },
    { tunnelId: 'tun-2', role: null, index: 2, ...up },
  ],
};

function dual(
  attachType: WishTarget['attachType'] = 'VPNGW',
  fields: FieldValues = {},
): WishTarget {
  return { attachType, tunnels: pairs[attachType], fields };
}

function single(
  attachType: WishTarget['attachType'] = 'VPNGW',
  fields: FieldValues = {},
): WishTarget {
  return { attachType, tunnels: [], fields };
}

function wish(set: FieldValues, target: WishTarget, acceptOutage = true) {
  return wishOnConnection({ set, acceptOutage }, target);
}

function warningsOf(set: FieldValues, target: WishTarget): (readonly [string, string])[] {
  const result = wish(set, target);
  if (result.kind === 'refused') throw new Error(result.message);
  return result.warnings.map(({ code, path }) => [code, path] as const);
}

const shown = (names: string, field: string): string =>
  `TunnelOptionsSpecification[${names}].${field}`;

describe('what a set means on a connection', () => {
  it.each<[string, FieldValues, WishTarget, FieldValues]>([
    [
      'itself, with one tunnel',
      { Name: 'ab', 'IkeConfig.IkePfs': 'group14' },
      single(),
      {
        Name: 'ab',
        'IkeConfig.IkePfs': 'group14',
      },
    ],
    [
      'itself without what is said of tunnels, with one tunnel',
      { Name: 'ab', 'slave/EnableDpd': true },
      single(),
      {
        Name: 'ab',
      },
    ],
    [
      'every tunnel, for the three blocks',
      { Name: 'ab', 'IkeConfig.IkePfs': 'group14', 'IpsecConfig.IpsecPfs': 'group5' },
      dual(),
      {
        Name: 'ab',
        'tun-m/IkeConfig.IkePfs': 'group14',
        'tun-s/IkeConfig.IkePfs': 'group14',
        'tun-m/IpsecConfig.IpsecPfs': 'group5',
        'tun-s/IpsecConfig.IpsecPfs': 'group5',
      },
    ],
    [
      'an entry beside what all get',
      { 'IkeConfig.IkePfs': 'group14', 'slave/EnableDpd': false },
      dual(),
      {
        'tun-m/IkeConfig.IkePfs': 'group14',
        'tun-s/IkeConfig.IkePfs': 'group14',
        'tun-s/EnableDpd': false,
      },
    ],
    [
      'an entry before what all get',
      { 'IkeConfig.IkePfs': 'group14', '2/IkeConfig.IkePfs': 'group5' },
      dual('CEN'),
      {
        'tun-1/IkeConfig.IkePfs': 'group14',
        'tun-2/IkeConfig.IkePfs': 'group5',
      },
    ],
    [
      'the tunnel that is named by its id',
      { 'tun-m/CustomerGatewayId': 'cgw-2' },
      dual(),
      {
        'tun-m/CustomerGatewayId': 'cgw-2',
      },
    ],
  ])('is %s', (_, set, target, wanted) => {
    expect(wish(set, target)).toMatchObject({ kind: 'applicable', wanted });
  });

  it('is the same for whatever names the tunnel', () => {
    const values = ['slave', 'tun-s', 'tun-s&slave'].map((name) =>
      wish({ [`${name}/EnableDpd`]: false }, dual()),
    );

    expect(new Set(values.map((value) => JSON.stringify(value))).size).toBe(1);
  });
});

const key = { 'IkeConfig.Psk': new Secret('planted') };
const bgp = {
  'tun-m/BgpConfig.TunnelCidr': '169.254.10.0/30',
  'tun-s/BgpConfig.TunnelCidr': '169.254.11.0/30',
};
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

describe('both sides of a tunnel', () => {
  const stands = {
    'tun-m/IkeConfig.Psk': new Secret('old'),
    'tun-s/IkeConfig.Psk': new Secret('old'),
  };

  it.each<[string, FieldValues]>([
    ['a key', key],
    ['an algorithm', { 'slave/IkeConfig.IkePfs': 'group14' }],
    ['a subnet', { LocalSubnet: '10.0.0.0/8' }],
  ])('must agree on %s: changed on a pair, it needs acceptOutage', (_, set) => {
    expect(wish(set, dual('VPNGW', stands), false)).toMatchObject({
      kind: 'refused',
      code: 'TunnelRedundancyLost',
      message: expect.stringMatching(/cannot prove a tunnel.*acceptOutage/),
    });
    expect(wish(set, dual('VPNGW', stands), true)).toMatchObject({ kind: 'applicable' });
  });

  it.each<[string, FieldValues, WishTarget]>([
    ['a name', { Name: 'ab' }, dual()],
    ['dead peer detection', { 'slave/EnableDpd': false }, dual()],
    ['the key that stands', { 'IkeConfig.Psk': new Secret('old') }, dual('VPNGW', stands)],
    ['a key, with one tunnel', key, single()],
  ])('need not be asked about %s', (_, set, target) => {
    expect(wish(set, target, false)).toMatchObject({ kind: 'applicable' });
  });
});

describe('a wish is carried out with a warning', () => {
  it.each<[string, FieldValues, WishTarget, [string, string][]]>([
    ['no', { Name: 'ab', 'IkeConfig.IkeEncAlg': 'aes256' }, dual(), []],
    [
      'an ignored tunnel',
      { Name: 'ab', 'slave/EnableDpd': true },
      single(),
      [['tunnel_entry_ignored', 'TunnelOptionsSpecification[slave]']],
    ],
    [
      'a mode that ikev2 does not have',
      { 'IkeConfig.IkeMode': 'main' },
      single('CEN', { 'IkeConfig.IkeVersion': 'ikev2', 'IkeConfig.IkeMode': 'main' }),
      [['ike_mode_ignored', 'IkeConfig.IkeMode']],
    ],
    [
      'an outage of the only tunnel',
      { 'IkeConfig.IkePfs': 'group14' },
      single(),
      [['tunnel_outage', 'IkeConfig.IkePfs']],
    ],
    [
      'a reset of both tunnels',
      { EffectImmediately: true },
      dual('VPNGW', { EffectImmediately: false }),
      [['both_tunnels_reset', 'EffectImmediately']],
    ],
    [
      'a reset of both tunnels by BGP',
      { EnableTunnelsBgp: true },
      dual('VPNGW', bgp),
      [['both_tunnels_reset', 'EnableTunnelsBgp']],
    ],
    [
      'no reset where the switch stands so',
      { EffectImmediately: true },
      dual('VPNGW', { EffectImmediately: true }),
      [],
    ],
    [
      'a weak group in one tunnel',
      { 'slave/IpsecConfig.IpsecPfs': 'group2' },
      dual(),
      [['weak_algorithm', shown('tun-s', 'TunnelIpsecConfig.IpsecPfs')]],
    ],
  ])('of %s', (_, set, target, warnings) => {
    expect(warningsOf(set, target)).toEqual(warnings);
  });

  it.each([
    ['IkeConfig.IkeEncAlg', 'des'],
    ['IpsecConfig.IpsecEncAlg', '3des'],
    ['IkeConfig.IkeAuthAlg', 'md5'],
    ['IpsecConfig.IpsecAuthAlg', 'sha1'],
    ['IkeConfig.IkePfs', 'group1'],
    ['IkeConfig.IkePfs', 'group2'],
  ])('of the weak %s %s', (path, value) => {
    const set = { [path]: value };

    expect(warningsOf(set, single('VPNGW', set))).toEqual([['weak_algorithm', path]]);
  });
});
