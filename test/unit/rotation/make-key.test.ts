import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PreSharedKey } from '../../../shared/connection/rules.ts';
import { type Random, systemRandom } from '../../../shared/platform/random.ts';
import { reveal } from '../../../shared/platform/secret-reveal.ts';
import { keyLengths, makeKey } from '../../../shared/rotation/make-key.ts';

const lengths = fc.integer({ min: keyLengths.min, max: keyLengths.max });

/** Bytes that a seed decides, so that a test of evenness never fails by bad luck. */
function aSeededRandom(seed: string): Random {
  let block = 0;
  let rest = Buffer.alloc(0);
  const more = (): Buffer => {
    block += 1;
    return createHash('sha256').update(`${seed}/${block}`).digest();
  };
  return {
    bytes(size) {
      while (rest.length < size) rest = Buffer.concat([rest, more()]);
      const taken = rest.subarray(0, size);
      rest = rest.subarray(size);
      return taken;
    },
    fraction: () => 0,
  };
}

/** A generator that says these bytes over and over. */
function aRandomOf(bytes: readonly number[]): Random {
  let next = 0;
  const take = (): number => {
    const byte = bytes[next % bytes.length] ?? 0;
    next += 1;
    return byte;
  };
  return { bytes: (size) => Buffer.from(Array.from({ length: size }, take)), fraction: () => 0 };
}

describe('makeKey', () => {
  it('makes letters and digits of the wanted length, first a letter', () => {
    fc.assert(
      fc.property(lengths, (length) => {
        const key = reveal(makeKey(systemRandom, length));

        expect(key).toMatch(/^[A-Za-z][A-Za-z0-9]+$/);
        expect(key).toHaveLength(length);
      }),
    );
  });

  it('makes what the rule for keys in plans takes', () => {
    fc.assert(
      fc.property(lengths, (length) => {
        const key = reveal(makeKey(systemRandom, length));

        expect(PreSharedKey.safeParse(key).success).toBe(true);
      }),
    );
  });

  it('makes 32 characters when no length is given', () => {
    expect(reveal(makeKey(systemRandom))).toHaveLength(32);
  });

  it.each([15, 101, 0, -1, 32.5, Number.NaN])('makes none of %d characters', (length) => {
    expect(() => makeKey(systemRandom, length)).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  it('gives every character the same chance, the first one among letters', () => {
    const random = aSeededRandom('evenness');
    const count = 4_000;
    const first = new Map<string, number>();
    const others = new Map<string, number>();
    const tally = (counts: Map<string, number>, sign: string): void => {
      counts.set(sign, (counts.get(sign) ?? 0) + 1);
    };
    for (let made = 0; made < count; made += 1) {
      const [head = '', ...rest] = reveal(makeKey(random, keyLengths.usual));
      tally(first, head);
      for (const sign of rest) tally(others, sign);
    }

    // Pearson's statistic stays below the 99.9 % point of its distribution with 51 and 61 degrees of freedom.
    expect([first.size, others.size]).toEqual([52, 62]);
    expect(unevenness(first, count / 52)).toBeLessThan(87.97);
    expect(unevenness(others, (count * 31) / 62)).toBeLessThan(100.89);
  });

  it('passes over the bytes whose remainder would favour some characters', () => {
    const key = reveal(makeKey(aRandomOf([255, 248, 0, 250, 61]), keyLengths.min));

    expect(key).toMatch(/^A[A9]{15}$/);
  });

  it('never makes the same key twice', () => {
    const keys = new Set(Array.from({ length: 1_000 }, () => reveal(makeKey(systemRandom, 16))));

    expect(keys.size).toBe(1_000);
  });
});

function unevenness(counts: ReadonlyMap<string, number>, expected: number): number {
  return [...counts.values()].reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
}
