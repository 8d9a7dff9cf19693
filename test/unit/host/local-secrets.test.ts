import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadLocalSecrets, openSecrets } from '../../../local/host/local-secrets.ts';
import type { SecretsKeySource } from '../../../shared/platform/config/secrets-key.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { reveal } from '../../../shared/platform/secret-reveal.ts';
import type { KeyWrapper } from '../../../shared/secret/key-wrapper.ts';
import type { KeyringStore } from '../../../shared/secret/keyring-store.ts';

const nothing = { secretsKey: null, tokens: null };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanekeeper-secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

function load(given: Parameters<typeof loadLocalSecrets>[0]['given'] = nothing) {
  return loadLocalSecrets({ dataDir: folder, random, given });
}

const aKey = (): SecretsKeySource => ({
  kind: 'raw',
  key: new Secret(random.bytes(32).toString('base64')),
});

const clearKey = (source: SecretsKeySource): string =>
  source.kind === 'raw' ? reveal(source.key) : source.keyId;

/** No test here has a key that KMS wraps. */
const wrapper: KeyWrapper = {
  makeKey: () => Promise.reject(new Error('nobody asks KMS')),
  unwrapKey: () => Promise.reject(new Error('nobody asks KMS')),
};

/** A keyring in memory. */
function createKeyring(): KeyringStore {
  const kept = new Map<string, string>();
  return {
    get: (name) => Promise.resolve(kept.get(name) ?? null),
    publicKeys: () => Promise.resolve([]),
    putIfAbsent(name, sealed) {
      kept.set(name, kept.get(name) ?? sealed);
      return Promise.resolve(kept.get(name) ?? sealed);
    },
  };
}

describe('local secrets', () => {
  it('are made once and found again, the token shown only by the start that made it', async () => {
    const first = await load();
    const second = await load();

    expect(clearKey(second.secretsKey)).toBe(clearKey(first.secretsKey));
    expect(second.tokens).toEqual(first.tokens);
    expect(first.freshToken).toMatch(/^lk_/);
    expect(second.freshToken).toBeNull();
    expect(first.tokens).toMatchObject([
      {
        sha256: createHash('sha256')
          .update(first.freshToken ?? '')
          .digest('hex'),
      },
    ]);
  });

  it('stand in files for their owner alone, of the token nothing but its digest', async () => {
    const { freshToken } = await load();

    const names = (await readdir(folder)).sort();
    const modes = await Promise.all(
      names.map(async (name) => (await stat(join(folder, name))).mode & 0o777),
    );

    expect(names).toEqual(['secrets.key', 'tokens.json']);
    expect(modes).toEqual([0o600, 0o600]);
    expect(await readFile(join(folder, 'tokens.json'), 'utf8')).not.toContain(freshToken);
  });

  it('are the same for all that start at once, and one of them shows the token', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => load()));

    expect(new Set(all.map(({ secretsKey }) => clearKey(secretsKey))).size).toBe(1);
    expect(new Set(all.map(({ tokens }) => tokens[0]?.sha256)).size).toBe(1);
    expect(all.filter(({ freshToken }) => freshToken !== null)).toHaveLength(1);
  });

  it('are not made when they are given', async () => {
    const secretsKey = aKey();
    const tokens = [{ name: 'ci', sha256: 'a'.repeat(64), roles: ['viewer' as const] }];

    const secrets = await load({ secretsKey, tokens });

    expect(secrets).toEqual({ secretsKey, tokens, freshToken: null });
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['secrets.key', 'c2hvcnQ=', 'not 32 bytes'],
    ['tokens.json', '[', 'remove it'],
    ['tokens.json', '[]', 'remove it'],
  ])('are refused, with the remedy, when %s holds %s', async (name, text, remedy) => {
    await load();
    await writeFile(join(folder, name), text);

    await expect(load()).rejects.toMatchObject({
      code: 'invalid_configuration',
      faults: [{ path: 'DATA_DIR', message: expect.stringContaining(remedy) }],
    });
  });
});

describe('the secrets of a database', () => {
  it('open with the key that it was begun with and with no other', async () => {
    const deps = { keyring: createKeyring(), wrapper, random };
    const begunWith = { secretsKey: aKey(), secondSecretsKey: null };
    const first = await openSecrets(begunWith, deps);
    const second = await openSecrets(begunWith, deps);

    expect(second.digestKey).toEqual(first.digestKey);
    const another = openSecrets({ secretsKey: aKey(), secondSecretsKey: null }, deps);
    await expect(another).rejects.toMatchObject({
      code: 'invalid_configuration',
      faults: [{ path: 'SECRETS_KEY' }],
    });
  });

  it('open with a new key while the one that it was begun with is the second', async () => {
    const deps = { keyring: createKeyring(), wrapper, random };
    const former = aKey();
    const { digestKey } = await openSecrets({ secretsKey: former, secondSecretsKey: null }, deps);

    const opened = await openSecrets({ secretsKey: aKey(), secondSecretsKey: former }, deps);

    expect(opened.digestKey).toEqual(digestKey);
  });
});
