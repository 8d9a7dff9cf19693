import { describe, expect, it } from 'vitest';
import type { WishTarget } from '../../../shared/change/expand-wish.ts';
import { wishOnConnection } from '../../../shared/change/wish-on-connection.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';
import { bgp, dual, halfDown, shown, single, wish } from './wish-targets.ts';

function warningsOf(set: FieldValues, target: WishTarget): (readonly [string, string])[] {
  const result = wish(set, target);
  if (result.kind === 'refused') throw new Error(result.message);
  return result.warnings.map(({ code, path }) => [code, path] as const);
}

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

  const lifetime = (tunnel: string, block = 'IpsecConfig.IpsecLifetime') =>
    shown(tunnel, `Tunnel${block}`);
  const on = { EffectImmediately: true };

  it.each<[string, FieldValues, WishTarget, boolean, [string, string][]]>([
    [
      'a tunnel that is down and would have to carry the traffic',
      { 'master/IpsecConfig.IpsecLifetime': 3_600 },
      halfDown(),
      false,
      [['tunnel_redundancy_lost', lifetime('tun-m')]],
    ],
    [
      'the same where both are to be changed',
      { 'IpsecConfig.IpsecLifetime': 3_600 },
      halfDown(),
      false,
      [['tunnel_redundancy_lost', lifetime('tun-m')]],
    ],
    [
      'nothing where an outage is accepted',
      { 'IpsecConfig.IpsecLifetime': 3_600 },
      halfDown(),
      true,
      [],
    ],
    [
      'nothing where the one that is down is changed alone',
      { 'slave/IpsecConfig.IpsecLifetime': 3_600 },
      halfDown(),
      false,
      [],
    ],
    ['nothing of a name', { Name: 'ab' }, halfDown(), false, []],
    ['nothing of a pair that is up', { 'IpsecConfig.IpsecLifetime': 3_600 }, dual(), false, []],
    [
      'a reset of both with each write, where the switch stands so',
      { 'IpsecConfig.IpsecLifetime': 3_600 },
      dual('VPNGW', on),
      false,
      [['both_tunnels_reset', lifetime('tun-m')]],
    ],
    [
      'the same where the plan turns it on too',
      { ...on, 'slave/IpsecConfig.IpsecLifetime': 3_600 },
      dual('VPNGW', { EffectImmediately: false }),
      false,
      [
        ['both_tunnels_reset', 'EffectImmediately'],
        ['both_tunnels_reset', lifetime('tun-s')],
      ],
    ],
    [
      'no reset with each write where the plan turns it off',
      { EffectImmediately: false, 'IpsecConfig.IpsecLifetime': 3_600 },
      dual('VPNGW', on),
      false,
      [['both_tunnels_reset', 'EffectImmediately']],
    ],
    ['no reset by a name', { Name: 'ab' }, dual('VPNGW', on), false, []],
  ])('of %s', (_, set, target, acceptOutage, warnings) => {
    const result = wishOnConnection({ set, acceptOutage, provesTunnels: true }, target);
    if (result.kind === 'refused') throw new Error(result.message);
    expect(result.warnings.map(({ code, path }) => [code, path])).toEqual(warnings);
  });

  it('of no tunnel that is down, where values of before come back', () => {
    const set = { 'IpsecConfig.IpsecLifetime': 3_600 };
    const back = { set, acceptOutage: false, provesTunnels: true, restores: true };
    expect(wishOnConnection(back, halfDown())).toMatchObject({ warnings: [] });
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
