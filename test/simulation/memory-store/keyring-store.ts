import type { KeyringStore } from '../../../shared/secret/keyring-store.ts';

/** Sealed keys by name, with the public halves of pairs. */
export type Keys = Map<string, { sealed: string; publicKey: string | null }>;

/** The keyring in memory. */
export function createMemoryKeyringStore(keys: Keys): KeyringStore {
  return {
    get: async (name) => keys.get(name)?.sealed ?? null,
    async putIfAbsent(name, sealed, publicKey) {
      const known = keys.get(name);
      if (known !== undefined) return known.sealed;
      keys.set(name, { sealed, publicKey: publicKey ?? null });
      return sealed;
    },
    publicKeys: async () => [...keys.values()].flatMap(({ publicKey }) => publicKey ?? []),
  };
}
