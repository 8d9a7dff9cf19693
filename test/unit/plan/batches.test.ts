import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchFaults, countedBatches } from '../../../shared/plan/batches.ts';
import type { Share } from '../../../shared/plan/share.ts';

describe('batches', () => {
  it.each<[readonly Share[], number, readonly number[]]>([
    [['100%'], 7, [7]],
    [[1, '10%', '100%'], 50, [1, 5, 50]],
    [[1, '10%', '100%'], 41, [1, 5, 41]],
    [['10%', '20%', '100%'], 3, [1, 3]],
    [['50%', '100%'], 1, [1]],
    [['100%'], 0, [0]],
  ])('%j of %i changes end at %j, percentages rounded up', (batches, total, ends) => {
    expect(countedBatches(batches, total)).toEqual(ends);
  });

  it.each<[readonly Share[], number | null, number[]]>([
    [[1, '10%', '100%'], null, []],
    [[1, '10%', '100%'], 10, [1]],
    [[1, '10%', '100%'], 11, []],
    [[20, '100%'], 20, [1]],
    [[2, 1, '100%'], null, [1]],
    [[1, '50%'], null, [1]],
  ])('%j of %s changes have faults at %j', (batches, total, places) => {
    expect(batchFaults(batches, total).map(({ index }) => index)).toEqual(places);
  });

  it('rise to the total, whatever they are', () => {
    const share = fc.oneof(
      fc.integer({ min: 1, max: 30_000 }),
      fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
    );
    fc.assert(
      fc.property(fc.array(share), fc.integer({ min: 1, max: 20_000 }), (shares, total) => {
        const batches = [...shares, '100%'];
        fc.pre(batchFaults(batches, total).length === 0);
        const ends = countedBatches(batches, total);

        expect(ends.at(-1)).toBe(total);
        expect(ends.every((end, index) => end > (ends[index - 1] ?? 0))).toBe(true);
      }),
    );
  });
});
