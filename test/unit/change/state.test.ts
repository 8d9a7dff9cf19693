import { describe, expect, it } from 'vitest';
import {
  type ChangeState,
  changeStates,
  isErrorState,
  isFinalChange,
} from '../../../shared/change/state.ts';

const table: Record<ChangeState, [final: boolean, error: boolean]> = {
  queued: [false, false],
  delivering: [false, false],
  applying: [false, false],
  settling: [false, false],
  verifying: [false, false],
  rolling_back: [false, false],
  succeeded: [true, false],
  unchanged: [true, false],
  failed: [true, true],
  rolled_back: [true, true],
  skipped: [true, false],
  cancelled: [true, false],
};

describe('the states of a change', () => {
  it.each(changeStates)('%s is final and an error as the contract says', (state) => {
    expect([isFinalChange(state), isErrorState(state)]).toEqual(table[state]);
  });

  it('are all in the table', () => {
    expect(Object.keys(table)).toEqual([...changeStates]);
  });
});
