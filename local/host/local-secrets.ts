import { createHash } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiToken, ApiTokens } from '../../shared/platform/config/api-token.ts';
import type { SecretsKeySource } from '../../shared/platform/config/secrets-key.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { Random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import {
  type OpenSealerDeps,
  openSealer,
  type SealerKeys,
} from '../../shared/secret/open-sealer.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';

/** What a laptop needs and nobody configured. */
export interface LocalSecrets {
  secretsKey: SecretsKeySource;
  tokens: readonly ApiToken[];
  /** The admin token in clear, only in the run that made it. */
  freshToken: string | null;
}

const keyBytes = 32;
const tokenBytes = 24;
const inMemory = ':memory:';

/**
 * The key that wraps secrets and one admin token, made at the first start in `dataDir` and found there afterwards.
 * Files are readable by their owner alone; of the token only its digest is kept. What is given is taken as it is.
 * Raises `invalid_configuration` for files that somebody has damaged.
 */
export async function loadLocalSecrets(options: {
  dataDir: string;
  random: Random;
  given: { secretsKey: SecretsKeySource | null; tokens: readonly ApiToken[] | null };
}): Promise<LocalSecrets> {
  const { dataDir, given } = options;
  const secretsKey = await loadSecretsKey(options);
  if (given.tokens) return { secretsKey, tokens: given.tokens, freshToken: null };
  return { secretsKey, ...(await loadTokens(dataDir, options.random)) };
}

/** The key that wraps secrets, as {@link loadLocalSecrets} finds it. */
export async function loadSecretsKey(options: {
  dataDir: string;
  random: Random;
  given: { secretsKey: SecretsKeySource | null };
}): Promise<SecretsKeySource> {
  const { dataDir, random, given } = options;
  if (given.secretsKey) return given.secretsKey;
  const bytes = await loadKey(dataDir, 'secrets.key', random);
  return { kind: 'raw', key: new Secret(bytes.toString('base64')) };
}

/** 32 random bytes that stay the same, in a file of `dataDir`. Raises `invalid_configuration` for a damaged file. */
export async function loadKey(dataDir: string, name: string, random: Random): Promise<Buffer> {
  const make = (): string => random.bytes(keyBytes).toString('base64');
  const { text } = await keepFile(dataDir, name, random, make);
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length === keyBytes) return bytes;
  throw damaged('DATA_DIR', `holds a ${name} that is not 32 bytes in base64, restore it`);
}

/**
 * The sealer and the digest key of a database. Raises `invalid_configuration` when the database was begun with another
 * key: nothing stored in it could be opened.
 */
export async function openSecrets(
  keys: SealerKeys,
  deps: OpenSealerDeps,
): Promise<{ sealer: Sealer; digestKey: Buffer }> {
  const sealer = await openSealer(keys, deps);
  try {
    return { sealer, digestKey: await loadDigestKey({ ...deps, sealer }) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'internal') throw error;
    throw damaged(
      'SECRETS_KEY',
      'is not the key that the database was begun with; give that one, or its secrets.key in DATA_DIR',
    );
  }
}

function damaged(path: 'DATA_DIR' | 'SECRETS_KEY', message: string): AppError {
  return new AppError('invalid_configuration', `${path} ${message}`, {
    faults: [{ path, message }],
  });
}

async function loadTokens(
  dataDir: string,
  random: Random,
): Promise<Pick<LocalSecrets, 'tokens' | 'freshToken'>> {
  const name = 'tokens.json';
  const token = `lk_${random.bytes(tokenBytes).toString('base64url')}`;
  const sha256 = createHash('sha256').update(token).digest('hex');
  const { text, isNew } = await keepFile(dataDir, name, random, () =>
    JSON.stringify([{ name: 'local-admin', sha256, roles: ['admin'] }]),
  );
  const tokens = ApiTokens.safeParse(parseJson(text));
  if (tokens.success) return { tokens: tokens.data, freshToken: isNew ? token : null };
  throw damaged('DATA_DIR', `holds a ${name} without tokens, remove it to have a new one made`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The file's text; made first when there is none. It appears whole or not at all, and of two processes that make it at
 * once one wins and both read it.
 */
async function keepFile(
  dataDir: string,
  name: string,
  random: Random,
  make: () => string,
): Promise<{ text: string; isNew: boolean }> {
  if (dataDir === inMemory) return { text: make(), isNew: true };
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, name);
  const known = await readIfThere(path);
  if (known !== null) return { text: known, isNew: false };
  const made = make();
  const draft = `${path}.${random.bytes(6).toString('hex')}.draft`;
  await writeFile(draft, made, { mode: 0o600, flush: true });
  try {
    await link(draft, path);
    return { text: made, isNew: true };
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return { text: await readFile(path, 'utf8'), isNew: false };
  } finally {
    await rm(draft, { force: true });
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return Reflect.get(Object(error), 'code');
}
