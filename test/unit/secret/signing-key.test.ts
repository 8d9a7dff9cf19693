import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import type { KeyringStore } from '../../../shared/secret/keyring-store.ts';
import { createSealer } from '../../../shared/secret/sealer.ts';
import { isSignedBy, loadSigner, publicKeysOf } from '../../../shared/secret/signing-key.ts';

/** RFC 8037, appendix A: the seed, its public key, its thumbprint, and what it signs. */
const known = {
  seed: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  text: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
  signature:
    'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
};
const sealerOf = (fill: number) =>
  createSealer(new Secret(Buffer.alloc(32, fill).toString('base64')), systemRandom);

function aKeyring(): KeyringStore & { texts: string[] } {
  const stored: { sealed: string; publicKey: string }[] = [];
  return {
    texts: [],
    get: async () => stored[0]?.sealed ?? null,
    async putIfAbsent(_name, sealed, publicKey = '') {
      if (stored.length === 0) stored.push({ sealed, publicKey });
      this.texts.push(sealed, publicKey);
      return stored[0]?.sealed ?? sealed;
    },
    publicKeys: async () => stored.map(({ publicKey }) => publicKey),
  };
}

describe('the key that seals journals', () => {
  const random = { bytes: () => Buffer.from(known.seed, 'base64url'), fraction: () => 0 };
  const sealer = sealerOf(7);

  it('signs as the standard says, and goes by its thumbprint', async () => {
    const keyring = aKeyring();
    const signer = await loadSigner({ keyring, sealer, random });
    const [key] = await publicKeysOf(keyring);

    expect(key).toEqual({
      kty: 'OKP',
      crv: 'Ed25519',
      x: known.x,
      kid: known.kid,
      alg: 'EdDSA',
      use: 'sig',
    });
    expect(signer.keyId).toBe(known.kid);
    expect(signer.sign(known.text)).toBe(known.signature);
    expect(key && isSignedBy(key, known.text, known.signature)).toBe(true);
    expect(key && isSignedBy(key, `${known.text}!`, known.signature)).toBe(false);
    expect(keyring.texts.join()).not.toContain(known.seed.slice(0, 20));
  });

  it('takes one spelling of a signature alone', async () => {
    const keyring = aKeyring();
    await loadSigner({ keyring, sealer, random });
    const [key] = await publicKeysOf(keyring);

    for (const other of [`${known.signature}=`, `${known.signature.slice(0, -1)}h`, '']) {
      expect(key && isSignedBy(key, known.text, other)).toBe(false);
    }
  });

  it('is the one that was stored first, for everybody', async () => {
    const keyring = aKeyring();
    const deps = { keyring, sealer, random: systemRandom };
    const signers = await Promise.all([loadSigner(deps), loadSigner(deps)]);
    const later = await loadSigner(deps);

    expect(new Set([...signers, later].map(({ keyId }) => keyId)).size).toBe(1);
    expect(await publicKeysOf(keyring)).toMatchObject([{ kid: later.keyId }]);
  });

  it('does not open under another SECRETS_KEY', async () => {
    const keyring = aKeyring();
    await loadSigner({ keyring, sealer, random });

    const opening = loadSigner({ keyring, sealer: sealerOf(8), random });

    await expect(opening).rejects.toMatchObject({ code: 'internal' });
  });
});
