import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChangeState, changeStates, isFinalChange } from '../../../shared/change/state.ts';
import {
  countMove,
  endOf,
  inFlightOf,
  mustStop,
  slotLimitOf,
} from '../../../shared/job/outcome.ts';
import type { FailurePolicy } from '../../../shared/job/record.ts';
import type { JobState } from '../../../shared/job/state.ts';
import { countsOf } from '../../helpers/factories.ts';

type Some = Partial<Record<ChangeState, number>>;

describe('inFlightOf', () => {
  it.each<[ChangeState, number]>([
    ['queued', 0],
    ['delivering', 0],
    ['applying', 1],
    ['settling', 1],
    ['verifying', 0],
    ['rolling_back', 1],
    ['succeeded', 0],
    ['unchanged', 0],
    ['failed', 0],
    ['rolled_back', 0],
    ['skipped', 0],
    ['cancelled', 0],
  ])('counts a change that is %s as %i', (state, slots) => {
    expect(inFlightOf(countsOf({ [state]: 1 }))).toBe(slots);
  });
});

describe('countMove', () => {
  it('takes from one state and gives to the other', () => {
    const moved = countMove(countsOf({ queued: 3 }), { from: 'queued', to: 'applying' });

    expect(moved).toEqual(countsOf({ queued: 2, applying: 1 }));
  });

  it('moves many at once', () => {
    const moved = countMove(countsOf({ queued: 3 }), {
      from: 'queued',
      to: 'cancelled',
      howMany: 3,
    });

    expect(moved).toEqual(countsOf({ cancelled: 3 }));
  });

  it('leaves the counts alone when the state stays', () => {
    expect(countMove(countsOf({ applying: 1 }), { from: 'applying', to: 'applying' })).toEqual(
      countsOf({ applying: 1 }),
    );
  });

  it('never changes the sum', () => {
    const State = fc.constantFrom(...changeStates);
    fc.assert(
      fc.property(State, State, fc.nat(9), (from, to, howMany) => {
        const moved = countMove(countsOf({ [from]: 9 }), { from, to, howMany });

        expect(changeStates.reduce((sum, state) => sum + moved[state], 0)).toBe(9);
      }),
    );
  });
});

describe('mustStop', () => {
  const stop = (maxErrors: number): FailurePolicy => ({ onFailure: 'stop', maxErrors });
  it.each<[Some, FailurePolicy, boolean]>([
    [{ succeeded: 5 }, stop(0), false],
    [{ failed: 1 }, stop(0), true],
    [{ rolled_back: 1 }, stop(0), true],
    [{ failed: 3 }, stop(3), false],
    [{ failed: 2, rolled_back: 2 }, stop(3), true],
    [{ cancelled: 9, skipped: 9 }, stop(0), false],
    [{ failed: 99 }, { onFailure: 'continue', maxErrors: 0 }, false],
  ])('of %j under %j is %s', (counts, policy, expected) => {
    expect(mustStop(countsOf(counts), { ...policy, refuted: 0 })).toBe(expected);
  });

  it('counts what was refuted after it had succeeded', () => {
    const counts = countsOf({ succeeded: 5, failed: 1 });
    expect(mustStop(counts, { ...stop(1), refuted: 0 })).toBe(false);
    expect(mustStop(counts, { ...stop(1), refuted: 1 })).toBe(true);
  });
});

const open = { isWindowClosed: false, refuted: 0 };

describe('endOf', () => {
  it.each<[Some, JobState | null]>([
    [{ succeeded: 2, unchanged: 1 }, 'succeeded'],
    [{ succeeded: 2, skipped: 1 }, 'succeeded'],
    [{ succeeded: 2, failed: 1 }, 'failed'],
    [{ rolled_back: 1, cancelled: 4 }, 'failed'],
    [{ succeeded: 2, cancelled: 1 }, 'cancelled'],
    [{ failed: 3, queued: 1 }, null],
  ])('of %j is %s', (counts, expected) => {
    expect(endOf(countsOf(counts), open)).toBe(expected);
  });

  it.each<[Some, JobState | null]>([
    [{ succeeded: 2, cancelled: 1 }, 'failed'],
    [{ succeeded: 2 }, 'succeeded'],
    [{ applying: 1, cancelled: 1 }, null],
  ])('of %j is %s once the window is over', (counts, expected) => {
    expect(endOf(countsOf(counts), { isWindowClosed: true, refuted: 0 })).toBe(expected);
  });

  it('is failed where a change was refuted after it had succeeded', () => {
    expect(endOf(countsOf({ succeeded: 2 }), { ...open, refuted: 1 })).toBe('failed');
    expect(endOf(countsOf({ succeeded: 2, queued: 1 }), { ...open, refuted: 1 })).toBeNull();
  });

  it.each(changeStates.filter((state) => !isFinalChange(state)))(
    'is open while one is %s',
    (state) => {
      expect(endOf(countsOf({ succeeded: 2, failed: 1, [state]: 1 }), open)).toBeNull();
    },
  );
});

describe('slotLimitOf', () => {
  it.each([
    [0, 1],
    [1, 2],
    [2, 2],
    [3, 4],
    [6, 4],
    [7, 8],
    [14, 8],
    [15, 10],
    [1_000, 10],
  ])('after %i successes of a slow start lets %i be in flight', (succeeded, slots) => {
    expect(slotLimitOf({ succeeded }, { maxInFlight: 10, isSlowStart: true })).toBe(slots);
  });

  it('doubles each time that as many more have succeeded', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), (maxInFlight) => {
        let succeeded = 0;
        for (let slots = 1; slots < maxInFlight; slots *= 2) {
          expect(slotLimitOf({ succeeded }, { maxInFlight, isSlowStart: true })).toBe(slots);
          succeeded += slots;
        }
        expect(slotLimitOf({ succeeded }, { maxInFlight, isSlowStart: true })).toBe(maxInFlight);
      }),
    );
  });

  it('is the concurrency of the plan otherwise', () => {
    expect(slotLimitOf({ succeeded: 0 }, { maxInFlight: 10, isSlowStart: false })).toBe(10);
  });
});
