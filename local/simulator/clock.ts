/**
 * The simulator's only source of time. Settling, quotas, tokens and timestamps are derived from `now()` against
 * stored times, so a virtual clock moves the whole cloud; `sleep` serves slow answers alone.
 */
export interface SimulatorClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds. */
  sleep(ms: number): Promise<void>;
}

/** The real time. */
export const systemClock: SimulatorClock = {
  now: () => Date.now(),
  sleep: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
};
