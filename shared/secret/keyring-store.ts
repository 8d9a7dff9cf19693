/**
 * Where the service keeps keys of its own: sealed, or wrapped by a master key. Raises `unavailable` when the database cannot
 * be reached.
 */
export interface KeyringStore {
  /** The sealed key of that name, or null. */
  get(name: string): Promise<string | null>;
  /**
   * Stores a sealed key, of a pair together with its public half, unless one of that name is there; answers with the one
   * that is there afterwards.
   */
  putIfAbsent(name: string, sealed: string, publicKey?: string): Promise<string>;
  /** The public halves of all pairs, by name. */
  publicKeys(): Promise<readonly string[]>;
}

/**
 * The name under which the keyring has a key that this master key wraps. It is not sealed: it is what seals. All such names
 * begin with that of an empty id.
 */
export function wrappedKeyName(masterKeyId: string): string {
  return `wrapped/${masterKeyId}`;
}
