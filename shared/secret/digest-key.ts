import type { Random } from '../platform/random.ts';
import { Secret } from '../platform/secret.ts';
import { reveal } from '../platform/secret-reveal.ts';
import type { KeyringStore } from './keyring-store.ts';
import { keyringContext } from './seal-context.ts';
import type { Sealer } from './sealer.ts';

const name = 'digest';
const context = keyringContext(name);
const keyBytes = 32;

export interface DigestKeyDeps {
  keyring: KeyringStore;
  sealer: Sealer;
  random: Random;
}

/**
 * The random key under which pre-shared keys are digested, the same for every process on one database.
 * Made at first use; of several processes that make one at once, all get the one that was stored first.
 * Raises `internal` when it was sealed with another `SECRETS_KEY`.
 */
export async function loadDigestKey({ keyring, sealer, random }: DigestKeyDeps): Promise<Buffer> {
  const stored = await keyring.get(name);
  const sealed = stored ?? (await keyring.putIfAbsent(name, sealFresh(sealer, random)));
  return Buffer.from(reveal(sealer.open(sealed, context)), 'base64');
}

/** Loads the digest key when it is first asked for, and again only if that failed. */
export function createDigestKeyLoader(deps: DigestKeyDeps): () => Promise<Buffer> {
  let loaded: Buffer | undefined;
  return async () => {
    loaded ??= await loadDigestKey(deps);
    return loaded;
  };
}

function sealFresh(sealer: Sealer, random: Random): string {
  return sealer.seal(new Secret(random.bytes(keyBytes).toString('base64')), context);
}
