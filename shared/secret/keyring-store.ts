/** Where the service keeps keys of its own, sealed. Raises `unavailable` when the database cannot be reached. */
export interface KeyringStore {
  /** The sealed key of that name, or null. */
  get(name: string): Promise<string | null>;
  /** Stores a sealed key unless one of that name is there; answers with the one that is there afterwards. */
  putIfAbsent(name: string, sealed: string): Promise<string>;
}
