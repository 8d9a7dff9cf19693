import { type ChangeState, changeStates, isErrorState, isFinalChange } from '../change/state.ts';
import type { ChangeCounts, FailurePolicy } from './record.ts';
import type { JobState } from './state.ts';

/** Changes of a job that hold one of its slots: from the first step until the cloud is done. Proof and delivery hold none. */
export function inFlightOf(counts: ChangeCounts): number {
  return counts.applying + counts.settling + counts.rolling_back;
}

/**
 * How many changes of a job may be in flight now. A slow start begins with one; the number doubles each time that as many more
 * have succeeded.
 */
export function slotLimitOf(
  { succeeded }: Pick<ChangeCounts, 'succeeded'>,
  { maxInFlight, isSlowStart }: { maxInFlight: number; isSlowStart: boolean },
): number {
  if (!isSlowStart) return maxInFlight;
  return Math.min(maxInFlight, 2 ** Math.floor(Math.log2(succeeded + 1)));
}

/** `counts` after so many changes went from one state to another. */
export function countMove(
  counts: ChangeCounts,
  move: { from: ChangeState; to: ChangeState; howMany?: number },
): ChangeCounts {
  const { from, to, howMany = 1 } = move;
  if (from === to) return counts;
  return { ...counts, [from]: counts[from] - howMany, [to]: counts[to] + howMany };
}

/** How many changes are in states that `keep` names. */
function countWhere(counts: ChangeCounts, keep: (state: ChangeState) => boolean): number {
  return changeStates.filter(keep).reduce((sum, state) => sum + counts[state], 0);
}

/** Changes that are errors by their state, and those that were refuted after they had succeeded. */
function errorsOf(counts: ChangeCounts, { refuted }: { refuted: number }): number {
  return countWhere(counts, isErrorState) + refuted;
}

/** Whether the failure policy now forbids to start anything more. `refuted` counts changes that were so after they had succeeded. */
export function mustStop(
  counts: ChangeCounts,
  { onFailure, maxErrors, refuted }: FailurePolicy & { refuted: number },
): boolean {
  return onFailure !== 'continue' && errorsOf(counts, { refuted }) > maxErrors;
}

/**
 * How a job ended, or null while any of its changes is unfinished. A job with any error is `failed`, and one whose window was over
 * before all had begun.
 */
export function endOf(
  counts: ChangeCounts,
  { isWindowClosed, refuted }: { isWindowClosed: boolean; refuted: number },
): JobState | null {
  if (countWhere(counts, (state) => !isFinalChange(state)) > 0) return null;
  if (errorsOf(counts, { refuted }) > 0) return 'failed';
  if (counts.cancelled > 0) return isWindowClosed ? 'failed' : 'cancelled';
  return 'succeeded';
}

/** How a sentence goes on that begins with how many changes of a job were refuted late. */
export const refutedLater =
  ' of its changes turned out not to be on the other side after they had ended';
