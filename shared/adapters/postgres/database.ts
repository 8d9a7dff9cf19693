/** A row as the driver gives it; stores parse what they need. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs one statement with `$1…` parameters and gives its rows. */
export type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/**
 * A PostgreSQL, served by `pg` or embedded. No session state: nothing that a transaction-mode pooler would break
 * (no SET, LISTEN, named statements or session locks).
 */
export interface Database {
  /** `postgres` for a server, `embedded` for the in-process one; decides how long statements gather. */
  kind: 'postgres' | 'embedded';
  /** One statement, its own transaction. Raises `unavailable` when the server cannot be reached. */
  query: Query;
  /**
   * Several statements in one transaction, READ COMMITTED; rolled back when `work` rejects.
   * After a deadlock or serialization failure `work` runs again, up to three times, so it must have no other effects.
   */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result>;
  /** Several statements without parameters (migrations). */
  script(text: string): Promise<void>;
  close(): Promise<void>;
}
