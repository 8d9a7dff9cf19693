import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Bundle, bundleFunctions } from '../../scripts/bundle.ts';
import { loadMigrations, migrate } from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createServerDatabase } from './databases.ts';
import {
  type FunctionCompute,
  type FunctionComputeKey,
  startFunctionCompute,
} from './function-compute.ts';
import { migrationsFolder } from './migrations-folder.ts';
import { createRecordingLogger } from './recording-logger.ts';

/** The Nodes to try: the one that is deployed, this one, and the next. Packages bring the others, for Linux on x64 only. */
export const nodes = [
  { version: /^v20\.10\.0$/, program: resolve('node_modules/node-20-10/bin/node') },
  { version: new RegExp(`^${process.version}$`), program: process.execPath },
  { version: /^v22\./, program: resolve('node_modules/node-22/bin/node') },
];

/** The bearer token that a deployment takes. */
export const bearerToken = 'a-token-of-the-deployment';

/** Everything that is deployed, built, and what it stands on. */
export interface Deployment {
  /** Where the bundles are. */
  folder: string;
  bundles: readonly Bundle[];
  database: { url: string };
  cloud: FunctionCompute;
  /** The environment of every function. */
  environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Builds the bundles, migrates a database, and has a Function Compute that takes the role's key. */
export async function deploy(role: FunctionComputeKey): Promise<Deployment> {
  const root = await mkdtemp(join(tmpdir(), 'lanekeeper-deployment-'));
  const folder = join(root, 'dist');
  const bundles = await bundleFunctions({ folder });
  const database = await createServerDatabase();
  const opened = await openPgDatabase({
    url: database.url,
    logger: createRecordingLogger().logger,
  });
  await migrate(opened, await loadMigrations(migrationsFolder));
  await opened.close();
  const cloud = await startFunctionCompute(role);
  return {
    folder,
    bundles,
    database,
    cloud,
    environment: {
      TZ: 'UTC',
      LOG_LEVEL: 'warn',
      FC_ACCOUNT_ID: '123456789',
      FC_REGION: 'cn-hangzhou',
      FC_FUNCTION_NAME: 'lanekeeper-submit',
      LANEKEEPER_FC_ENDPOINT: cloud.url,
      ...(await writeReferences(root, database.url)),
    },
    async close() {
      await cloud.close();
      await database.drop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function writeReferences(root: string, url: string): Promise<Record<string, string>> {
  const sha256 = createHash('sha256').update(bearerToken).digest('hex');
  const values = {
    DATABASE_URL: url,
    SECRETS_KEY: Buffer.alloc(32, 5).toString('base64'),
    API_TOKENS: JSON.stringify([{ name: 'ops', sha256, roles: ['admin'] }]),
  };
  const entries = Object.entries(values).map(async ([name, value]) => {
    const path = join(root, name);
    await writeFile(path, value);
    return [name, `file:${path}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** A request as an HTTP trigger hands it to a managed runtime. */
export function httpEvent(method: string, path: string, body?: unknown): object {
  return {
    version: 'v1',
    rawPath: path,
    headers: { Authorization: `Bearer ${bearerToken}`, 'Content-Type': 'application/json' },
    body: body === undefined ? '' : Buffer.from(JSON.stringify(body)).toString('base64'),
    isBase64Encoded: true,
    requestContext: { domainName: 'x.fcapp.run', requestId: '1-2', http: { method } },
  };
}

/** A tick of the timer trigger. */
export function tickEvent(triggerTime = '2026-11-22T01:00:00Z'): object {
  return { triggerTime, triggerName: 'tick', payload: 'tick' };
}
