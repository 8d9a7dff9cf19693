import { describe, expect, it } from 'vitest';
import { diffOf } from '../../../shared/change/diff.ts';

const psk = 'IkeConfig.Psk';

describe('diffOf', () => {
  it.each<
    [
      string,
      Record<string, string | number | boolean>,
      Record<string, string | number | boolean>,
      unknown,
    ]
  >([
    ['nothing when all is as wanted', { Name: 'ab' }, { Name: 'ab' }, []],
    ['nothing of what is not wanted', { Name: 'ab', EnableDpd: true }, { Name: 'ab' }, []],
    ['another value', { Name: 'ab' }, { Name: 'ac' }, [{ path: 'Name', from: 'ab', to: 'ac' }]],
    ['an unknown old value as null', {}, { Name: 'ac' }, [{ path: 'Name', from: null, to: 'ac' }]],
    [
      'no difference in the order of CIDR blocks',
      { LocalSubnet: '10.0.0.0/8,11.0.0.0/8' },
      { LocalSubnet: '11.0.0.0/8,10.0.0.0/8' },
      [],
    ],
    [
      'no difference in the host part of CIDR blocks',
      { LocalSubnet: '10.0.0.0/8' },
      { LocalSubnet: '10.1.2.3/8' },
      [],
    ],
    [
      'no difference between a number and its text',
      { 'IkeConfig.IkeLifetime': '86400' },
      { 'IkeConfig.IkeLifetime': 86_400 },
      [],
    ],
    [
      'a write-only field, from what nobody can read',
      {},
      { AutoConfigRoute: true },
      [{ path: 'AutoConfigRoute', from: 'unknown', to: true }],
    ],
    [
      'no write-only field that this change has sent already',
      { AutoConfigRoute: true },
      { AutoConfigRoute: true },
      [],
    ],
    ['nothing for the same key', { [psk]: 'hmac:1' }, { [psk]: 'hmac:1' }, []],
    [
      'another key, hidden',
      { [psk]: 'hmac:1' },
      { [psk]: 'hmac:2' },
      [{ path: psk, from: '***', to: '***' }],
    ],
    ['an unknown old key as null', {}, { [psk]: 'hmac:2' }, [{ path: psk, from: null, to: '***' }]],
  ])('shows %s', (_, base, wanted, expected) => {
    expect(diffOf(base, wanted)).toEqual(expected);
  });

  it('comes in the order of the field table', () => {
    const wanted = { 'BgpConfig.EnableBgp': true, 'IkeConfig.IkePfs': 'group14', Name: 'ab' };

    expect(diffOf({}, wanted).map(({ path }) => path)).toEqual([
      'Name',
      'IkeConfig.IkePfs',
      'BgpConfig.EnableBgp',
    ]);
  });
});
