import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atLeastOneOf, atMostOf } from '../../../shared/plan/share.ts';

describe('shares', () => {
  it.each([
    [10, 3, 10, 10],
    ['1%', 50, 1, 0],
    ['10%', 25, 3, 2],
    ['100%', 7, 7, 7],
    ['0%', 7, 1, 0],
    ['7%', 100, 7, 7],
    ['29%', 100, 29, 29],
  ])('takes %s of %i as %i rounded up and %i rounded down', (share, total, up, down) => {
    expect(atLeastOneOf(share, total)).toBe(up);
    expect(atMostOf(share, total)).toBe(down);
  });

  it('never rounds further than to the next whole number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20_000 }),
        (percent, total) => {
          const up = atLeastOneOf(`${percent}%`, total);
          const down = atMostOf(`${percent}%`, total);

          expect(up * 100).toBeGreaterThanOrEqual(percent * total);
          expect(down * 100).toBeLessThanOrEqual(percent * total);
          expect(up - down).toBeLessThanOrEqual(1);
          expect(up).toBeLessThanOrEqual(total);
        },
      ),
    );
  });
});
