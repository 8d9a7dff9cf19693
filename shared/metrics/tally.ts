import type { Logger } from '../platform/logger.ts';
import { type CounterName, families, type HistogramName, type Labels } from './families.ts';

/** An amount to add to a counter, to a bucket of a histogram or to its sum. */
export interface TallyEntry {
  /** A counter's name, or a histogram's with `_bucket` (label `le`: its upper bound, or `+Inf`) or `_sum`. */
  name: string;
  labels: Labels;
  value: number;
}

/** Where all processes add what they counted. */
export interface TallyStore {
  /** Adds each entry to what is there. Raises `unavailable`; then it may have been added all the same. */
  add(entries: readonly TallyEntry[]): Promise<void>;
}

/** Counts in memory, until it is flushed into the store. */
export interface Tally {
  count(name: CounterName, labels: Labels): void;
  /** One more that took so many seconds; times below zero, which clocks of two machines can give, count as none. */
  observe(name: HistogramName, labels: Labels, seconds: number): void;
  /**
   * Adds what was counted since the last time to the store; without effect when that is nothing. Never rejects: what could
   * not be added is kept for the next time, and may be counted twice if the store took it before the connection broke.
   */
  flush(): Promise<void>;
}

/** A tally that begins at zero. */
export function createTally(deps: { store: TallyStore; logger: Logger }): Tally {
  let entries = new Map<string, TallyEntry>();

  function add({ name, labels, value }: TallyEntry): void {
    const key = JSON.stringify([name, labels]);
    entries.set(key, { name, labels, value: (entries.get(key)?.value ?? 0) + value });
  }

  return {
    count: (name, labels) => add({ name, labels, value: 1 }),
    observe(name, labels, seconds) {
      const value = Math.max(0, seconds);
      const bound = families[name].bounds.find((each) => value <= each);
      const le = bound === undefined ? '+Inf' : String(bound);
      add({ name: `${name}_bucket`, labels: { ...labels, le }, value: 1 });
      add({ name: `${name}_sum`, labels, value });
    },
    async flush() {
      if (entries.size === 0) return;
      const counted = [...entries.values()];
      entries = new Map();
      try {
        await deps.store.add(counted);
      } catch (error) {
        for (const entry of counted) add(entry);
        deps.logger.debug('what was counted could not be stored yet', { error });
      }
    },
  };
}

/** For those of whom nobody wants to know. */
export const noTally: Tally = {
  count: () => undefined,
  observe: () => undefined,
  flush: () => Promise.resolve(),
};
