import PQueue from 'p-queue';
import type { HeldLane } from './worker-deps.ts';

/** Far more than are sent at once: the others go back to the database in a moment. */
const mostNotices = 50;

/** What a run holds, and is at work on. */
export interface Hands {
  held: Map<string, HeldLane>;
  /** How many lanes more may be taken: notices take no hand from changes, and count only where there are very many. */
  free(): number;
  put(lane: HeldLane, work: () => Promise<void>): void;
  /** Resolves when nothing but notices is under way. */
  given(): Promise<void>;
  /** Resolves when no notice is under way. */
  sent(): Promise<void>;
}

/** Hands for so many lanes at once. */
export function createHands(concurrency: number): Hands {
  const held = new Map<string, HeldLane>();
  const queue = new PQueue({ concurrency });
  // Whoever sends notices sees to how many are sent at once.
  const notices = new PQueue();
  return {
    held,
    free: () => {
      const busy = [...held.values()].filter(({ kind }) => kind !== 'notice').length;
      return Math.min(concurrency - busy, concurrency + mostNotices - held.size);
    },
    put: ({ kind }, work) => void (kind === 'notice' ? notices : queue).add(work),
    given: () => queue.onIdle(),
    sent: () => notices.onIdle(),
  };
}
