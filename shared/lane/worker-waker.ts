/** Why and when a worker should look. */
export interface WakeHint {
  /** Seconds from now, 0 or more. */
  delaySeconds: number;
  /**
   * What calls for it, in letters, digits, `_` and `-`: a job's id, a tick, a run that ended. A second wake for the same cause
   * may be dropped, so whoever has new work needs a new cause.
   */
  cause: string;
}

/** Tells a worker that there is work. Only a hint: it may be lost, doubled or late, the database decides what is due. */
export interface WorkerWaker {
  /** Wakes a worker. May reject; callers log that and go on. */
  wake(hint: WakeHint): Promise<void>;
}

/** Leaves it to the timer trigger, which finds all work that is due within a minute. */
export const timerAlone: WorkerWaker = { wake: () => Promise.resolve() };
