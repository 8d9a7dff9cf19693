import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';

/** A waker within one process: whoever rests until the bell rings looks at the database at once. */
export interface HintBell extends WorkerWaker {
  /** Resolves at the next ring, or when `signal` aborts. A ring that nobody heard is heard by the next listener. */
  heard(signal: AbortSignal): Promise<void>;
}

export function createHintBell(): HintBell {
  let rang = false;
  let listeners: (() => void)[] = [];
  return {
    wake: ({ delaySeconds }) => {
      // Later work has a due time in the database, which the listener knows.
      if (delaySeconds > 0) return Promise.resolve();
      rang = listeners.length === 0;
      for (const listener of listeners) listener();
      listeners = [];
      return Promise.resolve();
    },
    heard: (signal) => {
      if (rang || signal.aborted) {
        rang = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        listeners.push(resolve);
        signal.addEventListener('abort', () => {
          listeners = listeners.filter((listener) => listener !== resolve);
          resolve();
        });
      });
    },
  };
}
