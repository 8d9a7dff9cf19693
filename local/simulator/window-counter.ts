/** Counts events in a sliding window. Adding is amortised O(1); times must not go backwards. */
export class WindowCounter {
  /** The most events that any window held so far. */
  maximum = 0;
  readonly #widthMs: number;
  #times: number[] = [];
  #head = 0;

  constructor(widthMs: number) {
    this.#widthMs = widthMs;
  }

  /** Events within the window that ends now. */
  count(now: number): number {
    const since = now - this.#widthMs;
    while (this.#head < this.#times.length && (this.#times[this.#head] ?? 0) <= since) {
      this.#head += 1;
    }
    // Dropping the dead front only now and then keeps the cost of a call constant.
    if (this.#head > 1024 && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    return this.#times.length - this.#head;
  }

  add(now: number): void {
    this.#times.push(now);
    this.maximum = Math.max(this.maximum, this.count(now));
  }
}
