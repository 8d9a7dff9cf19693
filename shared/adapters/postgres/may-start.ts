import { isNotFrozen } from './freeze-store.ts';

/**
 * The condition that a change `c` whose turn it is may start as far as its job `j` and the freezes go: its batch is open, the window
 * is not over, whether or not anybody has noticed that yet, and it lies in no frozen scope.
 */
export const mayStart = `
  (j.open_until IS NULL OR c.seq < j.open_until) AND (j.not_after IS NULL OR j.not_after > lanekeeper.now())
  AND ${isNotFrozen}`;
