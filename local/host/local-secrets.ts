import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiToken, ApiTokens } from '../../shared/platform/config/api-token.ts';
import type { Random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';

/** What a laptop needs and nobody configured. */
export interface LocalSecrets {
  secretsKey: Secret;
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
 */
export async function loadLocalSecrets(options: {
  dataDir: string;
  random: Random;
  given: { secretsKey: Secret | null; tokens: readonly ApiToken[] | null };
}): Promise<LocalSecrets> {
  const { dataDir, random, given } = options;
  const secretsKey = given.secretsKey ?? (await loadKey(dataDir, random));
  if (given.tokens) return { secretsKey, tokens: given.tokens, freshToken: null };
  return { secretsKey, ...(await loadTokens(dataDir, random)) };
}

async function loadKey(dataDir: string, random: Random): Promise<Secret> {
  const make = (): string => random.bytes(keyBytes).toString('base64');
  return new Secret((await keepFile(dataDir, 'secrets.key', make)).text.trim());
}

async function loadTokens(
  dataDir: string,
  random: Random,
): Promise<Pick<LocalSecrets, 'tokens' | 'freshToken'>> {
  const token = `lk_${random.bytes(tokenBytes).toString('base64url')}`;
  const sha256 = createHash('sha256').update(token).digest('hex');
  const { text, isNew } = await keepFile(dataDir, 'tokens.json', () =>
    JSON.stringify([{ name: 'local-admin', sha256, roles: ['admin'] }]),
  );
  return { tokens: ApiTokens.parse(JSON.parse(text)), freshToken: isNew ? token : null };
}

/** The file's text; made first when there is none. Of two processes that make it at once one wins, and both read it. */
async function keepFile(
  dataDir: string,
  name: string,
  make: () => string,
): Promise<{ text: string; isNew: boolean }> {
  if (dataDir === inMemory) return { text: make(), isNew: true };
  await mkdir(dataDir, { recursive: true });
  const path = join(dataDir, name);
  const made = make();
  try {
    await writeFile(path, made, { mode: 0o600, flag: 'wx' });
    return { text: made, isNew: true };
  } catch {
    return { text: await readFile(path, 'utf8'), isNew: false };
  }
}
