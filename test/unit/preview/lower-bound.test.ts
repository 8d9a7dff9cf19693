import { describe, expect, it } from 'vitest';
import { expectedSeconds, lowerBoundOf } from '../../../shared/preview/lower-bound.ts';

const wide = { concurrency: 1_000, writesPerMinute: 1_000, together: 0 };

/** So many changes, on so many lanes in turn. */
function changes(count: number, lanes: number, scopes = 1) {
  return Array.from({ length: count }, (_, index) => {
    return { laneKey: `lane-${index % lanes}`, writeScope: `scope-${index % scopes}` };
  });
}

describe('the lower bound of a job', () => {
  it.each([
    ['nothing to change', changes(0, 1), {}, 0, 'nothing'],
    ['one change', changes(1, 1), {}, 20, 'lane'],
    ['a long lane', changes(12, 4), {}, 60, 'lane'],
    ['few at once', changes(12, 12), { concurrency: 5 }, 60, 'concurrency'],
    ['a group over lanes', changes(12, 12), { together: 4 }, 80, 'group'],
    ['writes of one minute', changes(10, 10), { writesPerMinute: 10 }, 20, 'lane'],
    ['writes of two minutes', changes(11, 11), { writesPerMinute: 10 }, 80, 'writes'],
    ['writes of two budgets', changes(11, 11, 2), { writesPerMinute: 10 }, 20, 'lane'],
  ])('with %s', (_, some, limits, seconds, limitedBy) => {
    expect(lowerBoundOf(some, { ...wide, ...limits })).toEqual({ seconds, limitedBy });
  });
});

describe('what a job is expected to take', () => {
  it.each([
    ['the bound where nothing was measured', { seconds: 60, limitedBy: 'lane' }, null, 60],
    ['the bound where what was measured says nothing', { seconds: 60, limitedBy: 'lane' }, 0, 60],
    ['its rounds of settle times', { seconds: 60, limitedBy: 'lane' }, 45_000, 135],
    ['the same for slots', { seconds: 80, limitedBy: 'concurrency' }, 10_000, 40],
    [
      'full minutes of writes and one settle time',
      { seconds: 140, limitedBy: 'writes' },
      45_000,
      165,
    ],
    ['nothing where nothing is to be done', { seconds: 0, limitedBy: 'nothing' }, 45_000, 0],
  ] as const)('is %s', (_, bound, settleMs, seconds) => {
    expect(expectedSeconds(bound, settleMs)).toBe(seconds);
  });
});
