import { describe, expect, it } from 'vitest';
import type { WishTarget } from '../../../shared/change/expand-wish.ts';
import { wishOnConnection } from '../../../shared/change/wish-on-connection.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { dual, single, wish } from './wish-targets.ts';

const key = { 'IkeConfig.Psk': new Secret('planted') };

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
      message: expect.stringMatching(/both sides must agree.*acceptOutage/),
    });
    expect(wish(set, dual('VPNGW', stands), true)).toMatchObject({ kind: 'applicable' });
  });

  it.each<[string, FieldValues, string]>([
    ['of a tunnel', key, 'applicable'],
    ['of both at once', { LocalSubnet: '10.0.0.0/8' }, 'refused'],
  ])('may be changed %s where tunnels are proved: %#', (_, set, kind) => {
    const proved = { set, acceptOutage: false, provesTunnels: true };

    expect(wishOnConnection(proved, dual('VPNGW', stands))).toMatchObject({ kind });
  });

  it('may be anything where it brings back what stood', () => {
    const back = { set: key, acceptOutage: false, provesTunnels: false, restores: true };

    expect(wishOnConnection(back, dual('VPNGW', stands))).toMatchObject({ kind: 'applicable' });
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
