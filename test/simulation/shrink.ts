import type { Decision } from './choices.ts';

/** Whether a run still fails when only these of its decisions are taken. */
export type StillFails = (kept: readonly Decision[]) => Promise<boolean>;

/**
 * The decisions that are left when none can be taken out any more without the failure going away: first large pieces are
 * tried, then smaller ones (delta debugging, Zeller 2002). `mostRuns` ends it early, with what was reached.
 */
export async function shrink(
  decisions: readonly Decision[],
  stillFails: StillFails,
  mostRuns = 400,
): Promise<readonly Decision[]> {
  let kept = decisions;
  let pieces = 2;
  let runs = 0;
  while (kept.length > 0 && runs < mostRuns) {
    const size = Math.ceil(kept.length / pieces);
    let smaller: readonly Decision[] | null = null;
    for (let from = 0; from < kept.length && smaller === null && runs < mostRuns; from += size) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + size)];
      runs += 1;
      if (await stillFails(rest)) smaller = rest;
    }
    if (smaller !== null) {
      kept = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) return kept;
    else pieces = Math.min(kept.length, pieces * 2);
  }
  return kept;
}
