import type { Clock } from '../../shared/platform/clock.ts';

interface Sleeper {
  until: number;
  wake(): void;
}

/** A clock that stands still until it is moved. Sleepers wake in the order of their times, as it passes them. */
export class FakeClock implements Clock {
  #time: number;
  readonly #start: number;
  readonly #sleepers = new Set<Sleeper>();

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
    if (signal?.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        until: this.#time + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      signal?.addEventListener('abort', sleeper.wake, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Moves the time on and lets what it wakes run, including what those wait for in turn. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms;
    for (;;) {
      const [next] = [...this.#sleepers].sort((a, b) => a.until - b.until);
      if (next === undefined || next.until > end) break;
      this.#time = Math.max(this.#time, next.until);
      next.wake();
      await settleMicrotasks();
    }
    this.#time = end;
    await settleMicrotasks();
  }
}

async function settleMicrotasks(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await Promise.resolve();
}
