import type { Hold } from './hold.ts';

/** What comes before a change: the nearest one, and how many others. */
export interface Ahead {
  id: string;
  jobId: string;
  /** At most {@link mostCounted}, then there may be more. */
  others: number;
  /** Whether one of them waits or will wait for a person, sinks, the other side or its batch, so that nobody can tell how long they take. */
  isHeld: boolean;
}

/** So many that come before a change are counted. */
export const mostCounted = 100;

/** What stands before a change that waits to begin, besides pauses and freezes. */
export interface QueuePlace {
  /** What its whole job waits for. */
  hold: Hold | null;
  /**
   * Its batch when that is not open, counted from 1, and how many changes of the open one have not ended. `rounds`: how often as many
   * as may be in flight have to end at least until it opens, null while one of them waits for sinks or the other side; `pauses`: whether
   * the job waits for somebody before that.
   */
  batch: {
    number: number;
    of: number;
    left: number;
    rounds: number | null;
    pauses: boolean;
  } | null;
  /** Unfinished changes before it on its connection, in flight or not. */
  connectionAhead: Ahead | null;
  /** Changes that wait on its lane and have their turn before it. */
  laneAhead: Ahead | null;
  /**
   * How many changes of its job are in flight, when it may have no more, and how many others may get a slot before it: longer lanes and
   * what is half done come first, whatever the plan's order.
   */
  slots: { inFlight: number; limit: number; ahead: number } | null;
  /** How long the cloud took for changes like it on average, over all jobs; null when nobody knows. */
  settleMs: number | null;
}
