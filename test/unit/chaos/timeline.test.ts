import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Mishap, timelineOf } from '../../chaos/timeline.ts';

const seeds = fc.integer({ min: 0, max: 999_999 });
const shortestMs = 21_000;

function countOf(kind: Mishap['kind'], mishaps: readonly Mishap[]): number {
  return mishaps.filter((mishap) => mishap.kind === kind).length;
}

describe('the timeline of a chaos run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(timelineOf(7, 60_000)).toEqual(timelineOf(7, 60_000));
    expect(timelineOf(8, 60_000)).not.toEqual(timelineOf(7, 60_000));
  });

  it('is in order and within the run', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 300_000 }), (seed, lengthMs) => {
        const times = timelineOf(seed, lengthMs).map(({ atMs }) => atMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(times.every((at) => at > 0 && at < lengthMs)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it.each(['kill', 'suspend', 'restart-database', 'weather', 'console'] as const)(
    'has a %s even in the shortest run, whatever the seed',
    (kind) => {
      fc.assert(
        fc.property(seeds, (seed) => {
          expect(countOf(kind, timelineOf(seed, shortestMs))).toBeGreaterThan(0);
        }),
      );
    },
  );

  it('plans more kills than are wanted, and no fewer than usual', () => {
    const killsOf = (wanted: number): number => countOf('kill', timelineOf(1, 600_000, wanted));

    expect(killsOf(200)).toBeGreaterThan(250);
    expect(killsOf(10)).toBe(killsOf(0));
  });

  it('suspends for longer than the lease of two seconds, and also restarts in the middle of a recovery', () => {
    const mishaps = timelineOf(1, 600_000);

    for (const mishap of mishaps)
      if (mishap.kind === 'suspend') expect(mishap.forMs).toBeGreaterThan(2_000);
    const restarts = mishaps.filter((mishap) => mishap.kind === 'restart-database');
    expect(restarts.some(({ againAfterMs }) => againAfterMs !== null)).toBe(true);
    expect(restarts.some(({ againAfterMs }) => againAfterMs === null)).toBe(true);
  });
});
