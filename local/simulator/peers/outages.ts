import type { Cause } from './session.ts';

/** A time in which no tunnel of a connection was up. Times are Unix milliseconds. */
export interface Outage {
  readonly regionId: string;
  readonly vpnConnectionId: string;
  readonly tunnelMode: 'single' | 'dual';
  readonly from: number;
  /** Null while it lasts. */
  readonly to: number | null;
  /** What took the last tunnel down. */
  readonly cause: Cause['kind'];
  /** Of the write that did; null for other causes. */
  readonly requestId: string | null;
}

/** How often and how long connections of one mode were without a tunnel, altogether and by cause. */
export interface OutageSum {
  readonly count: number;
  readonly downMs: number;
  readonly downMsByCause: Readonly<Record<Cause['kind'], number>>;
}

/** What the record says of outages up to a moment. */
export interface OutageRecord {
  /** Of dual-tunnel connections: both tunnels down at once. */
  readonly dual: OutageSum;
  /** Of single-tunnel connections. */
  readonly single: OutageSum;
  /** By when they began; of those that ended {@link MOST_OUTAGES} at most. The sums count all. */
  readonly outages: readonly Outage[];
  /** How many ended that are not listed. */
  readonly unlisted: number;
}

/** Ended outages that are kept one by one. */
export const MOST_OUTAGES = 1_000;

/** Which connection an outage is of. */
export type OutageSubject = Pick<Outage, 'regionId' | 'vpnConnectionId' | 'tunnelMode'>;

/** Keeps the account of outages; costs nothing as long as there are none. */
export class Outages {
  readonly #open = new Map<string, Outage>();
  readonly #ended: Outage[] = [];
  readonly #sums = { single: emptySum(), dual: emptySum() };
  #unlisted = 0;

  /** The last tunnel of a connection went down. */
  began(subject: OutageSubject, at: number, cause: Cause): void {
    this.#open.set(keyOf(subject), {
      ...subject,
      from: at,
      to: null,
      cause: cause.kind,
      requestId: cause.requestId,
    });
  }

  /** One of its tunnels is up again. One that took no time was none. */
  ended(subject: OutageSubject, at: number): void {
    const key = keyOf(subject);
    const open = this.#open.get(key);
    this.#open.delete(key);
    if (open === undefined || open.from === at) return;
    addTo(this.#sums[open.tunnelMode], open, at);
    if (this.#ended.length < MOST_OUTAGES) this.#ended.push({ ...open, to: at });
    else this.#unlisted += 1;
  }

  /** Everything up to `now`, those that last included. */
  recordAt(now: number): OutageRecord {
    const open = [...this.#open.values()].filter(({ from }) => from < now);
    const sums = { single: copyOf(this.#sums.single), dual: copyOf(this.#sums.dual) };
    for (const outage of open) addTo(sums[outage.tunnelMode], outage, now);
    const outages = [...this.#ended, ...open].sort((one, other) => one.from - other.from);
    return { ...sums, outages, unlisted: this.#unlisted };
  }
}

interface Sum {
  count: number;
  downMs: number;
  readonly downMsByCause: Record<Cause['kind'], number>;
}

function emptySum(): Sum {
  const downMsByCause = { write: 0, lifetime: 0, peer: 0, network: 0, operator: 0 };
  return { count: 0, downMs: 0, downMsByCause };
}

function copyOf(sum: Sum): Sum {
  return { ...sum, downMsByCause: { ...sum.downMsByCause } };
}

function addTo(sum: Sum, { from, cause }: Outage, to: number): void {
  sum.count += 1;
  sum.downMs += to - from;
  sum.downMsByCause[cause] += to - from;
}

function keyOf({ regionId, vpnConnectionId }: OutageSubject): string {
  return `${regionId}/${vpnConnectionId}`;
}
