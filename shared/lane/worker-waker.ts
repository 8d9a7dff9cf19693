/** Tells a worker that there is work. Only a hint: it may be lost, doubled or late, the database decides what is due. */
export interface WorkerWaker {
  /** Wakes a worker after so many seconds (0 = now). May reject; callers log that and go on. */
  wake(hint: { delaySeconds: number }): Promise<void>;
}

/** Leaves it to the timer trigger, which finds all work that is due within a minute. */
export const timerAlone: WorkerWaker = { wake: () => Promise.resolve() };
