import { describe, expect, it } from 'vitest';
import type { WishTarget } from '../../../shared/change/expand-wish.ts';
import type { FieldValues } from '../../../shared/connection/values.ts';
import { bgp, dual, shown, single, wish } from './wish-targets.ts';

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
