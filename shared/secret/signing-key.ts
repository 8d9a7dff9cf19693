import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../platform/canonical.ts';
import type { Random } from '../platform/random.ts';
import { Secret } from '../platform/secret.ts';
import { reveal } from '../platform/secret-reveal.ts';
import type { KeyringStore } from './keyring-store.ts';
import { keyringContext } from './seal-context.ts';
import type { Sealer } from './sealer.ts';

/** The public half of a signing key as a JSON Web Key (RFC 8037). */
export const PublicKey = z
  .strictObject({
    kty: z.literal('OKP'),
    crv: z.literal('Ed25519'),
    x: z
      .string()
      .regex(/^[\w-]{43}$/)
      .describe('The key, base64url.'),
    kid: z.string().describe('Its thumbprint (RFC 7638), which seals name it by.'),
    alg: z.literal('EdDSA'),
    use: z.literal('sig'),
  })
  .meta({ id: 'PublicKey' });
export type PublicKey = z.infer<typeof PublicKey>;

/** Signs in the name of the service. */
export interface Signer {
  keyId: string;
  /** An Ed25519 signature (RFC 8032) over the text, base64url. */
  sign(text: string): string;
}

const name = 'journal';
const context = keyringContext(name);
const seedBytes = 32;
/** What stands before the seed in PKCS #8 (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * The key that seals journals, the same for every process on one database: made at first use, kept wrapped in the keyring
 * with its public half in clear. Raises `internal` when it was sealed with another `SECRETS_KEY`.
 */
export async function loadSigner(deps: {
  keyring: KeyringStore;
  sealer: Sealer;
  random: Random;
}): Promise<Signer> {
  const { keyring, sealer, random } = deps;
  const stored = await keyring.get(name);
  const sealed = stored ?? (await putFresh(keyring, sealer, random.bytes(seedBytes)));
  const privateKey = privateKeyOf(Buffer.from(reveal(sealer.open(sealed, context)), 'base64'));
  return {
    keyId: publicKeyOf(privateKey).kid,
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  };
}

/** Loads the signer when it is first asked for, and again only if that failed. */
export function createSignerLoader(deps: Parameters<typeof loadSigner>[0]): () => Promise<Signer> {
  let loaded: Signer | undefined;
  return async () => {
    loaded ??= await loadSigner(deps);
    return loaded;
  };
}

function putFresh(keyring: KeyringStore, sealer: Sealer, seed: Buffer): Promise<string> {
  const sealed = sealer.seal(new Secret(seed.toString('base64')), context);
  return keyring.putIfAbsent(name, sealed, JSON.stringify(publicKeyOf(privateKeyOf(seed))));
}

function privateKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });
}

function publicKeyOf(privateKey: KeyObject): PublicKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(canonicalJson({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}

/** The public keys of the service, as they were stored with their private halves. */
export async function publicKeysOf(keyring: KeyringStore): Promise<readonly PublicKey[]> {
  const stored = await keyring.publicKeys();
  return stored.map((text) => PublicKey.parse(JSON.parse(text)));
}

/** Whether the text was signed with the private half of this key. A signature has one spelling. */
export function isSignedBy({ kty, crv, x }: PublicKey, text: string, signature: string): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.toString('base64url') !== signature) return false;
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  return verify(null, Buffer.from(text), key, bytes);
}
