import { describe, expect, it } from 'vitest';
import { compareReadBack, type ReadBack } from '../../../shared/change/compare.ts';

type Values = Record<string, string | number | boolean>;

const enc = 'IkeConfig.IkeEncAlg';
const pfs = 'IkeConfig.IkePfs';
const psk = 'IkeConfig.Psk';

describe('compareReadBack', () => {
  it.each<[string, Values, Values, Values, ReadBack]>([
    [
      'all that was wanted',
      { [enc]: 'aes' },
      { [enc]: 'aes256' },
      { [enc]: 'aes256' },
      { kind: 'applied', others: [] },
    ],
    [
      'nothing of it',
      { [enc]: 'aes' },
      { [enc]: 'aes256' },
      { [enc]: 'aes' },
      { kind: 'not_applied' },
    ],
    [
      'what stood already',
      { [enc]: 'aes' },
      { [enc]: 'aes' },
      { [enc]: 'aes' },
      { kind: 'applied', others: [] },
    ],
    [
      'nothing of it, beside what stood already',
      { [enc]: 'aes', [pfs]: 'group14' },
      { [enc]: 'aes256', [pfs]: 'group14' },
      { [enc]: 'aes', [pfs]: 'group14' },
      { kind: 'not_applied' },
    ],
    [
      'a third value',
      { [enc]: 'aes' },
      { [enc]: 'aes256' },
      { [enc]: 'des' },
      { kind: 'changed_elsewhere', fields: [enc] },
    ],
    [
      'only a part',
      { [enc]: 'aes', [pfs]: 'group2' },
      { [enc]: 'aes256', [pfs]: 'group14' },
      { [enc]: 'aes256', [pfs]: 'group2' },
      { kind: 'changed_elsewhere', fields: [pfs] },
    ],
    [
      'another value where nothing was to change',
      { [enc]: 'aes', [pfs]: 'group14' },
      { [enc]: 'aes256', [pfs]: 'group14' },
      { [enc]: 'aes256', [pfs]: 'group2' },
      { kind: 'changed_elsewhere', fields: [pfs] },
    ],
    [
      'what was wanted, and a change of somebody else',
      { [enc]: 'aes', Name: 'a' },
      { [enc]: 'aes256' },
      { [enc]: 'aes256', Name: 'b' },
      { kind: 'applied', others: ['Name'] },
    ],
    [
      'another key',
      { [psk]: 'hmac:1' },
      { [psk]: 'hmac:2' },
      { [psk]: 'hmac:3' },
      { kind: 'changed_elsewhere', fields: [psk] },
    ],
    [
      'an answer without the field',
      { [enc]: 'aes' },
      { [enc]: 'aes256' },
      {},
      { kind: 'changed_elsewhere', fields: [enc] },
    ],
    [
      'the same networks in another spelling',
      { LocalSubnet: '10.0.0.0/8' },
      { LocalSubnet: '10.0.0.0/8,11.0.0.0/8' },
      { LocalSubnet: '11.0.0.0/8,10.1.2.3/8' },
      { kind: 'applied', others: [] },
    ],
    [
      'a number as text',
      { 'IkeConfig.IkeLifetime': 86_400 },
      { 'IkeConfig.IkeLifetime': 3_600 },
      { 'IkeConfig.IkeLifetime': '3600' },
      { kind: 'applied', others: [] },
    ],
    [
      'a write-only field, which says nothing',
      {},
      { AutoConfigRoute: true },
      {},
      { kind: 'applied', others: [] },
    ],
  ])('reads %s', (_, base, wanted, observed, expected) => {
    expect(compareReadBack({ base, wanted, observed })).toEqual(expected);
  });
});
