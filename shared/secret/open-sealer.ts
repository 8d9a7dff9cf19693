import type { SecretsKeySource } from '../platform/config/secrets-key.ts';
import type { Random } from '../platform/random.ts';
import type { Secret } from '../platform/secret.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import { type KeyringStore, wrappedKeyName } from './keyring-store.ts';
import { createSealer, type Sealer } from './sealer.ts';

/** Where the keys of a sealer come from. */
export interface SealerKeys {
  secretsKey: SecretsKeySource;
  /** Opens too, and never seals. */
  secondSecretsKey: SecretsKeySource | null;
}

export interface OpenSealerDeps {
  keyring: KeyringStore;
  wrapper: KeyWrapper;
  random: Random;
}

/**
 * The sealer of a database. A key that KMS wraps is made at first use and kept wrapped in the keyring, so that all
 * processes have the same one; KMS is asked once for it, here. Raises `unavailable` when KMS does not give it.
 */
export async function openSealer(keys: SealerKeys, deps: OpenSealerDeps): Promise<Sealer> {
  const { secretsKey, secondSecretsKey } = keys;
  const key = await keyOf(secretsKey, deps);
  const others = secondSecretsKey === null ? [] : [await keyOf(secondSecretsKey, deps)];
  return createSealer(key, deps.random, others);
}

async function keyOf(source: SecretsKeySource, deps: OpenSealerDeps): Promise<Secret> {
  if (source.kind === 'raw') return source.key;
  const { keyring, wrapper } = deps;
  const name = wrappedKeyName(source.keyId);
  const known = await keyring.get(name);
  if (known !== null) return wrapper.unwrapKey(known);
  const made = await wrapper.makeKey(source.keyId);
  const stored = await keyring.putIfAbsent(name, made.wrapped);
  return stored === made.wrapped ? made.key : wrapper.unwrapKey(stored);
}
