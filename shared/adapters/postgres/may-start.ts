import { isAlone } from './companions.ts';
import { isNotFrozen } from './freeze-store.ts';

/**
 * The condition that a change `c` whose turn it is may start as far as its job `j` and the freezes go: its batch is open, the window
 * is not over, whether or not anybody has noticed that yet, it lies in no frozen scope, and nothing in flight backs it up. The bound
 * is written so that an index on places ends there: what is not open yet is not looked at.
 */
export const mayStart = `
  c.seq < coalesce(j.open_until, 2147483647) AND (j.not_after IS NULL OR j.not_after > lanekeeper.now())
  AND ${isNotFrozen} AND ${isAlone}`;
