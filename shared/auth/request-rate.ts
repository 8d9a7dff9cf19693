/** How often one scope may be asked for in each minute of the database's clock. */
export interface RateLimit {
  scope: string;
  perMinute: number;
}

/** What counting a request came to. */
export interface RateVerdict {
  /** The first scope that is over its limit; null when the request may pass. */
  over: string | null;
  /** The how many-th over the limit of each scope that is over this request is in this minute; empty when it may pass. */
  overBy: readonly number[];
  /** Until the minute is over. */
  retryAfterSeconds: number;
}

/** Counts requests for all function instances together. */
export interface RequestRate {
  /** Counts one request in each scope, passed or not. Scopes that nobody asks for are forgotten after a while. */
  count(limits: readonly RateLimit[]): Promise<RateVerdict>;
}
