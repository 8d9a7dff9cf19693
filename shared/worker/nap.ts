import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';

/** The pauses of a run. */
export interface Nap {
  /** Sleeps, but not past the moment when it is interrupted, a hint comes or the run has to stop. */
  rest(ms: number): Promise<void>;
  interrupt(): void;
  /** Lets go of what outlives the run. */
  end(): void;
}

/** Pauses that `stop` ends too. */
export function createNap(
  deps: { clock: Clock; logger: Logger; onHint?: (signal: AbortSignal) => Promise<void> },
  stop: AbortSignal,
): Nap {
  const { clock, onHint } = deps;
  let waking: AbortController | null = null;
  let isDue = false;
  const interrupt = (): void => {
    isDue = true;
    waking?.abort();
  };
  stop.addEventListener('abort', interrupt, { once: true });
  return {
    interrupt,
    end: () => stop.removeEventListener('abort', interrupt),
    async rest(ms) {
      const current = new AbortController();
      waking = current;
      if (isDue) current.abort();
      void onHint?.(current.signal).then(
        () => current.abort(),
        (error: unknown) => deps.logger.warn('hints of new work cannot be heard', { error }),
      );
      await clock.sleep(ms, current.signal);
      current.abort();
      waking = null;
      isDue = false;
    },
  };
}
