import type { FaultKind } from './faults.ts';
import { type OutageRecord, Outages } from './peers/outages.ts';
import { WindowCounter } from './window-counter.ts';
import {
  maximumInFlight,
  type Overlap,
  overlapsIn,
  type TunnelOverlap,
  tunnelOverlapsIn,
  type WriteRecord,
} from './writes.ts';

/** Calls of one action. */
export interface CallRecord {
  readonly action: string;
  readonly total: number;
  readonly answered: number;
  /** How often each `Code` was answered. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Everything the simulator knows about a run, as JSON; it never holds a key. */
export interface RecordSnapshot {
  readonly writes: readonly WriteRecord[];
  readonly overlaps: readonly Overlap[];
  readonly tunnelOverlaps: readonly TunnelOverlap[];
  readonly outages: OutageRecord;
  readonly maxInFlight: number;
  readonly calls: readonly CallRecord[];
  readonly busyAnswers: number;
  readonly throttled: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Most calls within any 60 s, by `<region>/<action>`, the throttled ones included. */
  readonly windowMaxima: Readonly<Record<string, number>>;
  readonly longestLaneMs: number;
}

interface CallTally {
  total: number;
  answered: number;
  readonly refused: Map<string, number>;
}

const BUSY_CODES: ReadonlySet<string> = new Set([
  'VpnGateway.Configuring',
  'VpnConnection.Configuring',
]);

/**
 * The oracle: what really happened, by the simulated cloud's own account and apart from anything a client believes.
 * Overlaps are computed from the list of writes, not from the locks, so that a bug in the locks would show.
 */
export class SimulatorRecord {
  readonly #writes: WriteRecord[] = [];
  readonly #calls = new Map<string, CallTally>();
  readonly #faults = new Map<string, number>();
  readonly #windows = new Map<string, WindowCounter>();
  #outages: () => OutageRecord = () => new Outages().recordAt(0);

  /** Where to ask for outages, which nobody knows before somebody looks. */
  watchOutages(outages: () => OutageRecord): void {
    this.#outages = outages;
  }

  /** Times in which no tunnel of a connection was up, until now. */
  outages(): OutageRecord {
    return this.#outages();
  }

  /** Notes a call when it arrives, before it is known how it ends. */
  arrived(regionId: string, action: string, now: number): void {
    this.#tally(action).total += 1;
    const key = `${regionId}/${action}`;
    let window = this.#windows.get(key);
    if (!window) {
      window = new WindowCounter(60_000);
      this.#windows.set(key, window);
    }
    window.add(now);
  }

  answered(action: string): void {
    this.#tally(action).answered += 1;
  }

  refused(action: string, code: string): void {
    increment(this.#tally(action).refused, code);
  }

  fault(kind: FaultKind): void {
    increment(this.#faults, kind);
  }

  write(write: WriteRecord): void {
    this.#writes.push(write);
  }

  /** Every write so far, in the order in which the cloud saw them. */
  writes(): readonly WriteRecord[] {
    return this.#writes;
  }

  /** Pairs of effective writes that were in flight on one scope at the same time; empty unless an option is hostile. */
  overlaps(): readonly Overlap[] {
    return overlapsIn(this.#writes);
  }

  /** Moments at which both tunnels of a pair were in flight, by one write or by several. */
  tunnelOverlaps(): readonly TunnelOverlap[] {
    return tunnelOverlapsIn(this.#writes);
  }

  /** Most effective writes in flight on one scope at any moment. */
  maxInFlight(): number {
    return maximumInFlight(this.#writes);
  }

  calls(): readonly CallRecord[] {
    return [...this.#calls].map(([action, tally]) => ({
      action,
      total: tally.total,
      answered: tally.answered,
      refused: Object.fromEntries(tally.refused),
    }));
  }

  /** The largest sum, over the scopes, of the settle times of its effective API writes: no client can be faster. */
  longestLaneMs(): number {
    const sums = new Map<string, number>();
    for (const write of this.#writes) {
      if (!write.effective || write.source !== 'api' || write.scope === null) continue;
      if (write.settledAt === null) continue;
      const sum = (sums.get(write.scope) ?? 0) + write.settledAt - write.acceptedAt;
      sums.set(write.scope, sum);
    }
    return Math.max(0, ...sums.values());
  }

  /** How often a code was answered, over all actions. */
  refusals(code: string): number {
    let sum = 0;
    for (const tally of this.#calls.values()) sum += tally.refused.get(code) ?? 0;
    return sum;
  }

  snapshot(): RecordSnapshot {
    return {
      writes: this.#writes.map((write) => ({ ...write })),
      overlaps: this.overlaps(),
      tunnelOverlaps: this.tunnelOverlaps(),
      outages: this.outages(),
      maxInFlight: this.maxInFlight(),
      calls: this.calls(),
      busyAnswers: this.#sumRefused((code) => BUSY_CODES.has(code)),
      throttled: this.#sumRefused((code) => /throttling/i.test(code)),
      faults: Object.fromEntries(this.#faults),
      windowMaxima: Object.fromEntries(
        [...this.#windows].map(([key, window]) => [key, window.maximum]),
      ),
      longestLaneMs: this.longestLaneMs(),
    };
  }

  #sumRefused(matches: (code: string) => boolean): number {
    let sum = 0;
    for (const tally of this.#calls.values()) {
      for (const [code, count] of tally.refused) if (matches(code)) sum += count;
    }
    return sum;
  }

  #tally(action: string): CallTally {
    let tally = this.#calls.get(action);
    if (!tally) {
      tally = { total: 0, answered: 0, refused: new Map() };
      this.#calls.set(action, tally);
    }
    return tally;
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
