import type { KeyringStore } from '../../../shared/secret/keyring-store.ts';

/** The keyring in memory. */
export function createMemoryKeyringStore(keys: Map<string, string>): KeyringStore {
  return {
    get: async (name) => keys.get(name) ?? null,
    async putIfAbsent(name, sealed) {
      const known = keys.get(name);
      if (known !== undefined) return known;
      keys.set(name, sealed);
      return sealed;
    },
  };
}
