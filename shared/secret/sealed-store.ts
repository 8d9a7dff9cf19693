/** What holds sealed values: a key of the service's own, the intent of a job, the keys of a change, or one `set` of a schedule's plan. */
export type SealedPlace =
  | { kind: 'keyring'; name: string }
  | { kind: 'intent'; jobId: string; number: number }
  /** Keys of a change: those of its base, those made for it, and those that it replaces. */
  | { kind: 'change' | 'made' | 'previous'; jobId: string; changeId: string }
  /** `index` is its place among the schedule's sealed sets, `target` that of its target in the plan; null for the plan's own. */
  | { kind: 'schedule'; name: string; index: number; target: number | null };

/** A row's envelopes by the paths of what they hold; the one of a keyring row has an empty path. */
export interface SealedRow {
  place: SealedPlace;
  envelopes: Readonly<Record<string, string>>;
}

/** Everything in the database that is sealed. Raises `unavailable` when it cannot be reached. */
export interface SealedStore {
  /**
   * Rows of a kind that have an envelope which does not begin so, in the order of their keys, after the one given. What a
   * master key wraps is not among them.
   */
  sealedOtherwise(query: {
    kind: SealedPlace['kind'];
    sealedPrefix: string;
    after: SealedPlace | null;
    limit: number;
  }): Promise<readonly SealedRow[]>;
  /** Replaces envelopes where they still are what they were, and nobody is writing; answers how many rows that were. */
  replace(rows: readonly (SealedRow & { by: SealedRow['envelopes'] })[]): Promise<number>;
  /** Changes with sealed values that are under way, of all or of those given: a worker may hold their envelopes. */
  underWay(among: readonly string[] | null): Promise<readonly string[]>;
}
