import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from '../../scripts/bundle.ts';
import { type Child, startChild } from './child.ts';
import { digestOfToken } from './token.ts';
import { secretsKey } from './world.ts';

/** What `s.yaml` tells Node wherever a function is deployed. */
async function deployedNodeOptions(): Promise<string> {
  const text = await readFile(new URL('../../s.yaml', import.meta.url), 'utf8');
  return /NODE_OPTIONS: (.+)/.exec(text)?.[1] ?? '';
}

/** Bundles the worker function; each `start` runs it in a process of its own as it is deployed, budgets lifted. */
export async function bundleWorker(options: {
  databaseUrl: string;
  endpoint: string;
  pollMs: number;
  /** Lanes that one worker advances at once; 100 unless told. */
  concurrency?: number;
}): Promise<{ start(): Promise<Child> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lanekeeper-bench-'));
  const bundles = await bundleFunctions({ folder: join(folder, 'dist') });
  const bundle = bundles.find(({ name }) => name === 'worker');
  const secret = async (name: string, value: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, value, { mode: 0o600 });
    return `file:${path}`;
  };
  const tokens = [{ name: 'bench', sha256: digestOfToken('bench'), roles: ['viewer'] }];
  const env = {
    NODE_OPTIONS: await deployedNodeOptions(),
    DATABASE_URL: await secret('database-url', options.databaseUrl),
    SECRETS_KEY: await secret('secrets-key', secretsKey),
    API_TOKENS: await secret('api-tokens', JSON.stringify(tokens)),
    VPC_ENDPOINT: options.endpoint,
    POLL_INTERVAL_MS: String(options.pollMs),
    WORKER_CONCURRENCY: String(options.concurrency ?? 100),
    FC_API: 'local',
    READS_PER_MINUTE: '1000000',
    WRITES_PER_MINUTE: '1000000',
    LOG_LEVEL: 'warn',
  };
  return {
    start: () =>
      startChild('bench/processes/worker.mjs', {
        args: [bundle?.path ?? ''],
        env,
        readyWhen: /working/,
      }),
  };
}
