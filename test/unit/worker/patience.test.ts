import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseAfter, pauseAfterRefusal, refusedForMs } from '../../../shared/worker/patience.ts';

const pollMs = 3_000;

describe('pauseAfter', () => {
  it.each([
    ['what is young is looked at on the next tick', 0, 1],
    ['and still after a minute', 60_000, 1],
    ['then after a twentieth of its age', 200_000, 10_000],
    ['but every ten polls', 3_600_000, 30_000],
  ])('%s', (_, waitedMs, pause) => {
    expect(pauseAfter(waitedMs, pollMs)).toBe(pause);
  });

  it('notices an end late by a twentieth and a poll at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (endedAt) => {
        let at = 0;
        while (at < endedAt) at += Math.max(pollMs, pauseAfter(at, pollMs));

        expect(at - endedAt).toBeLessThanOrEqual(endedAt / 20 + pollMs);
      }),
    );
  });
});

describe('pauseAfterRefusal', () => {
  it('doubles from one poll to ten', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 60].map((refusal) => pauseAfterRefusal(refusal, pollMs));

    expect(pauses.map((pause) => pause / pollMs)).toEqual([1, 2, 4, 8, 10, 10, 10]);
  });

  it('is what lies between two refusals', () => {
    expect([1, 2, 3, 4].map((refusals) => refusedForMs(refusals, pollMs) / pollMs)).toEqual([
      0, 1, 3, 7,
    ]);
  });
});
