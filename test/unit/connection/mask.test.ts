import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, maskFields, maskKey } from '../../../shared/connection/mask.ts';
import { Secret } from '../../../shared/platform/secret.ts';

const hmacKey = Buffer.alloc(32, 1);

describe('maskFields', () => {
  it('replaces the key by its keyed digest and keeps all else', () => {
    const values = { Name: 'ab', EnableDpd: true, 'IkeConfig.Psk': new Secret('hush') };

    expect(maskFields(values, hmacKey)).toEqual({
      Name: 'ab',
      EnableDpd: true,
      'IkeConfig.Psk': expect.stringMatching(/^hmac:[0-9a-f]{64}$/),
    });
  });

  it('gives equal digests to equal keys alone, and only under one HMAC key', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const same = maskKey(new Secret(a), hmacKey) === maskKey(new Secret(b), hmacKey);

        expect(same).toBe(a === b);
        expect(maskKey(new Secret(a), hmacKey)).not.toBe(maskKey(new Secret(a), Buffer.alloc(32)));
      }),
    );
  });
});

describe('fingerprintOf', () => {
  it('does not depend on the order of fields or CIDR blocks', () => {
    expect(fingerprintOf({ Name: 'ab', LocalSubnet: '10.1.0.0/16,10.0.0.0/16' })).toBe(
      fingerprintOf({ LocalSubnet: '10.0.0.0/16, 10.1.0.7/16', Name: 'ab' }),
    );
  });

  it.each([
    [{ Name: 'ab' }, { Name: 'ac' }],
    [{ Name: 'ab' }, {}],
    [{ LocalSubnet: '10.0.0.0/16' }, { LocalSubnet: '10.0.0.0/15' }],
    [{ LocalSubnet: '10.0.0.0/16' }, { RemoteSubnet: '10.0.0.0/16' }],
  ])('differs between %j and %j', (a, b) => {
    expect(fingerprintOf(Object(a))).not.toBe(fingerprintOf(Object(b)));
  });
});
