import type { Clock } from '../../shared/platform/clock.ts';

interface Timer {
  at: number;
  order: number;
  fire(): void;
}

/** How many turns of the event loop must pass without any work before the clock moves on. */
const quietTurns = 3;

/**
 * A clock for whole systems: it moves by itself, to the next sleeper's time, whenever nothing that it tracks is under way.
 * Work outside the process (a database, HTTP) is tracked, so that its real duration takes no virtual time.
 * Give it as clock to all parts, and wrap what does I/O with `tracking`.
 */
export class VirtualClock implements Clock {
  #time: number;
  readonly #start: number;
  #order = 0;
  #busy = 0;
  #isWatching = false;
  #isHalted = false;
  #timers: Timer[] = [];
  #onAdvance: () => Promise<void> = () => Promise.resolve();

  constructor(start = '2026-11-22T10:00:00.000Z') {
    this.#time = Date.parse(start);
    this.#start = this.#time;
  }

  now(): number {
    return this.#time;
  }

  monotonic(): number {
    return this.#time - this.#start;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer: Timer = {
        at: this.#time + Math.max(0, ms),
        order: this.#order++,
        fire: () => {
          signal?.removeEventListener('abort', cancel);
          resolve();
        },
      };
      const cancel = (): void => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        resolve();
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.#timers.push(timer);
      this.#watch();
    });
  }

  /** Runs before sleepers wake at a new time, for instance to tell a database the time. */
  onAdvance(follow: () => Promise<void>): void {
    this.#onAdvance = follow;
  }

  /** Ends the time: sleepers never wake. For systems in which something hangs, so that nothing outlives them. */
  halt(): void {
    this.#isHalted = true;
    this.#timers = [];
  }

  /** Holds the clock while `work` is under way. */
  async track<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
      this.#watch();
    }
  }

  /** A sleep within tracked work, such as a slow answer's: meanwhile that work does not hold the clock. */
  async sleepTracked(ms: number): Promise<void> {
    this.#busy -= 1;
    try {
      await this.sleep(ms);
    } finally {
      this.#busy += 1;
    }
  }

  /** The same object with each of its asynchronous methods tracked. */
  tracking<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          this.track(async () => Reflect.apply(value, target, args) as unknown);
      },
    });
  }

  #watch(): void {
    if (this.#isWatching || this.#isHalted) return;
    this.#isWatching = true;
    void this.#moveOnWhenQuiet();
  }

  async #moveOnWhenQuiet(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; ) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#busy > 0) {
        this.#isWatching = false;
        return;
      }
      quiet += 1;
    }
    const next = this.#nextTimer();
    this.#isWatching = false;
    if (next === null || this.#isHalted) return;
    if (next.at > this.#time) {
      this.#time = next.at;
      await this.track(() => this.#onAdvance());
    }
    const due = this.#timers.filter((timer) => timer.at <= this.#time);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#time);
    for (const timer of due.sort((a, b) => a.at - b.at || a.order - b.order)) timer.fire();
    this.#watch();
  }

  #nextTimer(): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (
        next === null ||
        timer.at < next.at ||
        (timer.at === next.at && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}
