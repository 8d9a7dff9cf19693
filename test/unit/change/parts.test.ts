import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differencesOf } from '../../../shared/change/diff.ts';
import { nextPartOf, partNamed, standbyFirst } from '../../../shared/change/parts.ts';
import { fieldsToSend } from '../../../shared/change/request.ts';
import type { TunnelIdentity } from '../../../shared/connection/model.ts';
import { connectionPart } from '../../../shared/connection/vpn-api.ts';

const onGateway: TunnelIdentity[] = [
  { tunnelId: 'tun-m', role: 'master', index: null },
  { tunnelId: 'tun-s', role: 'slave', index: null },
];
const attached: TunnelIdentity[] = [
  { tunnelId: 'tun-1', role: null, index: 1 },
  { tunnelId: 'tun-2', role: null, index: 2 },
];

type Values = Record<string, string | number | boolean>;

/** The parts in the order in which they are written, each taken from what still differs after the one before. */
function partsIn(wanted: Values, base: Values, tunnels: readonly TunnelIdentity[]): string[] {
  const parts: string[] = [];
  let stands = base;
  for (;;) {
    const part = nextPartOf(differencesOf(stands, wanted), standbyFirst(tunnels));
    if (part === null) return parts;
    parts.push(part);
    stands = {
      ...stands,
      ...(partNamed(part, { wanted, base: stands, tunnels }).wanted as Values),
    };
    if (parts.length > 5) return parts;
  }
}

describe('the parts of a change', () => {
  it.each<[string, Values, TunnelIdentity[], string[]]>([
    ['one, with one tunnel', { Name: 'b', 'IkeConfig.IkePfs': 'group14' }, [], ['connection']],
    [
      'the standby before the other, on a gateway',
      { 'tun-m/EnableDpd': true, 'tun-s/EnableDpd': true },
      onGateway,
      ['tun-s', 'tun-m'],
    ],
    [
      'number 2 before number 1, on an attachment',
      { 'tun-1/EnableDpd': true, 'tun-2/EnableDpd': true },
      attached,
      ['tun-2', 'tun-1'],
    ],
    [
      'the connection before its tunnels',
      { Name: 'b', 'tun-m/EnableDpd': true },
      onGateway,
      ['connection', 'tun-m'],
    ],
    [
      'one, when BGP is switched on with its fields',
      { EnableTunnelsBgp: true, 'tun-m/BgpConfig.LocalAsn': 1, 'tun-s/BgpConfig.LocalAsn': 2 },
      onGateway,
      ['connection'],
    ],
    [
      'the tunnels beside, when BGP is switched on',
      { EnableTunnelsBgp: true, 'tun-m/BgpConfig.LocalAsn': 1, 'tun-s/EnableDpd': true },
      onGateway,
      ['connection', 'tun-s'],
    ],
    [
      'the tunnels alone, when BGP is switched off and its fields stand',
      { EnableTunnelsBgp: false, 'tun-s/EnableDpd': true },
      onGateway,
      ['connection', 'tun-s'],
    ],
    ['none, when nothing differs', { Name: 'a' }, onGateway, []],
  ])('are %s', (_, wanted, tunnels, parts) => {
    expect(partsIn(wanted, { Name: 'a' }, tunnels)).toEqual(parts);
  });

  it('bring everything that is wanted once, and never two tunnels together without BGP', () => {
    const Path = fc.constantFrom(
      'Name',
      'AutoConfigRoute',
      'tun-m/EnableDpd',
      'tun-s/EnableDpd',
      'tun-m/IkeConfig.IkePfs',
      'tun-s/BgpConfig.LocalAsn',
    );
    fc.assert(
      fc.property(fc.dictionary(Path, fc.nat(3)), (wanted) => {
        const parts = partsIn(wanted, {}, onGateway);
        const brought = parts.map((part) =>
          partNamed(part, { wanted, base: {}, tunnels: onGateway }),
        );

        expect(new Set(parts).size).toBe(parts.length);
        expect(Object.assign({}, ...brought.map((each) => each.wanted))).toEqual(wanted);
        for (const each of brought) expect(each.tunnels.length).toBeLessThan(2);
      }),
    );
  });
});

const block = (tunnel: string) => ({
  [`${tunnel}/IkeConfig.Psk`]: 'key',
  [`${tunnel}/IkeConfig.IkePfs`]: 'group2',
  [`${tunnel}/IpsecConfig.IpsecPfs`]: 'group2',
  [`${tunnel}/BgpConfig.TunnelCidr`]: 'cidr',
  [`${tunnel}/BgpConfig.LocalAsn`]: 1,
  [`${tunnel}/EnableDpd`]: true,
});
const base = {
  Name: 'a',
  LocalSubnet: '10.0.0.0/8',
  RemoteSubnet: '192.168.0.0/16',
  EffectImmediately: true,
  EnableTunnelsBgp: false,
  ...block('tun-m'),
  ...block('tun-s'),
};
const subnets = ['LocalSubnet', 'RemoteSubnet'];
const ofSlave = (...fields: string[]): string[] => fields.map((field) => `tun-s/${field}`);
const wholeSlave = ofSlave('IkeConfig.Psk', 'IkeConfig.IkePfs', 'IpsecConfig.IpsecPfs');

describe('what is sent for a part of a dual-tunnel change', () => {
  function sent(part: string, wanted: Values, attachType: 'VPNGW' | 'CEN' = 'VPNGW'): string[] {
    const share = partNamed(part, { wanted, base, tunnels: onGateway });
    return Object.keys(fieldsToSend(base, share, { attachType, isDual: true }));
  }

  it.each<[string, 'VPNGW' | 'CEN', string, Values, string[]]>([
    [
      'both subnets with a field of the connection, and no tunnel',
      'VPNGW',
      connectionPart,
      { Name: 'b', 'tun-s/EnableDpd': false },
      ['Name', ...subnets],
    ],
    [
      'whole IKE and IPsec blocks of the one tunnel',
      'VPNGW',
      'tun-s',
      { Name: 'b', 'tun-s/EnableDpd': false, 'tun-m/EnableDpd': false },
      [...ofSlave('EnableDpd'), ...wholeSlave],
    ],
    [
      'the BGP block when it is touched',
      'VPNGW',
      'tun-s',
      { 'tun-s/BgpConfig.LocalAsn': 2 },
      [...wholeSlave, ...ofSlave('BgpConfig.LocalAsn', 'BgpConfig.TunnelCidr')],
    ],
    [
      'both subnets with the tunnel of an attachment',
      'CEN',
      'tun-s',
      { 'tun-s/EnableDpd': false },
      [...subnets, ...ofSlave('EnableDpd'), ...wholeSlave],
    ],
    [
      'the blocks of both tunnels when BGP is switched on',
      'VPNGW',
      connectionPart,
      { EnableTunnelsBgp: true },
      [
        ...subnets,
        'EnableTunnelsBgp',
        ...['tun-m', 'tun-s'].flatMap((tunnel) =>
          Object.keys(block(tunnel)).filter((path) => !path.endsWith('EnableDpd')),
        ),
      ],
    ],
  ])('is %s', (_, attachType, part, wanted, paths) => {
    expect(sent(part, wanted, attachType).sort()).toEqual([...paths].sort());
  });

  it('has EffectImmediately only where the plan names it', () => {
    const parts = [connectionPart, 'tun-s', 'tun-m'];
    const wanted = { Name: 'b', 'tun-s/EnableDpd': false, 'tun-m/EnableDpd': false };

    expect(parts.flatMap((part) => sent(part, wanted))).not.toContain('EffectImmediately');
    expect(sent(connectionPart, { EffectImmediately: false })).toContain('EffectImmediately');
  });
});
