import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Bundle, bundleFunctions, functionNames } from '../../scripts/bundle.ts';
import { loadMigrations, migrate } from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { migrationsFolder } from '../helpers/migrations-folder.ts';
import { createRecordingLogger } from '../helpers/recording-logger.ts';
import { startSpanReceiver } from '../helpers/span-receiver.ts';

const run = promisify(execFile);

/** The Nodes to try: the one that is deployed, this one, and the next. Packages bring the others, for Linux on x64 only. */
const nodes = [
  { version: /^v20\.10\.0$/, program: resolve('node_modules/node-20-10/bin/node') },
  { version: new RegExp(`^${process.version}$`), program: process.execPath },
  { version: /^v22\./, program: resolve('node_modules/node-22/bin/node') },
];
const names = await functionNames();
const token = 'a-token-of-the-bundles-test';

const aBundledPlan = {
  title: 'bundled',
  targets: [{ regionId: 'cn-hangzhou', vpnConnectionId: 'vco-bundled' }],
  set: { Name: 'bundled' },
};

/** Imports a bundle as the platform does and hands one event to its handler; a file, because `node -e` has a `require` of its own. */
const caller = `
const [, , bundle, event, context] = process.argv;
const { handler } = await import(bundle);
const answer = await handler(Buffer.from(event), JSON.parse(context));
process.stdout.write(JSON.stringify(answer ?? null), () => process.exit(0));
`;

const HttpAnswer = z.object({
  statusCode: z.number(),
  body: z.string().transform((text): unknown => JSON.parse(text)),
});

interface Ended {
  code: unknown;
  stdout: string;
  stderr: string;
}

let folder = '';
let bundles: Bundle[] = [];
let database: Awaited<ReturnType<typeof createServerDatabase>>;
let environment: Record<string, string> = {};

async function writeReferences(url: string): Promise<Record<string, string>> {
  const sha256 = createHash('sha256').update(token).digest('hex');
  const values = {
    DATABASE_URL: url,
    SECRETS_KEY: Buffer.alloc(32, 5).toString('base64'),
    API_TOKENS: JSON.stringify([{ name: 'ops', sha256, roles: ['admin'] }]),
  };
  const entries = Object.entries(values).map(async ([name, value]) => {
    const path = join(folder, name);
    await writeFile(path, value);
    return [name, `file:${path}`];
  });
  return Object.fromEntries(await Promise.all(entries));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanekeeper-bundles-'));
  bundles = await bundleFunctions({ folder: join(folder, 'dist') });
  await writeFile(join(folder, 'caller.mjs'), caller);
  database = await createServerDatabase();
  const { logger } = createRecordingLogger();
  const opened = await openPgDatabase({ url: database.url, logger });
  await migrate(opened, await loadMigrations(migrationsFolder));
  await opened.close();
  environment = { TZ: 'UTC', LOG_LEVEL: 'error', ...(await writeReferences(database.url)) };
});

afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function call(program: string, name: string, event: unknown, env: object): Promise<Ended> {
  const bundle = pathToFileURL(join(folder, 'dist', `${name}.mjs`)).href;
  const credentials = { accessKeyId: 'STS.x', accessKeySecret: 'y', securityToken: 'z' };
  const parameters = [
    join(folder, 'caller.mjs'),
    bundle,
    JSON.stringify(event),
    JSON.stringify({ requestId: 'r', credentials }),
  ];
  // The platform starts in the code's folder, where no package is installed.
  const options = { cwd: join(folder, 'dist'), env: { ...env }, timeout: 15_000 };
  return run(program, parameters, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Ended) => error,
  );
}

function httpEvent(method: string, path: string, body?: unknown): object {
  return {
    version: 'v1',
    rawPath: path,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: body === undefined ? '' : Buffer.from(JSON.stringify(body)).toString('base64'),
    isBase64Encoded: true,
    requestContext: { domainName: 'x.fcapp.run', requestId: '1-2', http: { method } },
  };
}

async function request(program: string, name: string, event: object) {
  const { code, stdout, stderr } = await call(program, name, event, environment);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return HttpAnswer.parse(JSON.parse(stdout));
}

describe.each(nodes)('the bundles on Node $version', ({ version, program }) => {
  const isThere = existsSync(program);

  it.skipIf(!isThere)('run on the version that is meant', async () => {
    const { stdout } = await run(program, ['--version']);

    expect(stdout.trim()).toMatch(version);
  });

  it.skipIf(!isThere).each(names)(
    '%s ends with code 78 and names what its configuration lacks',
    async (name) => {
      const { code, stderr } = await call(program, name, {}, {});

      expect(code).toBe(78);
      for (const variable of ['DATABASE_URL', 'SECRETS_KEY', 'API_TOKENS']) {
        expect(stderr).toContain(`"${variable}"`);
      }
    },
  );

  it.skipIf(!isThere)('take a plan, show its job, and keep house', async () => {
    // The worker comes first, while there is nothing to ask the cloud for.
    const worked = await call(program, 'worker', {}, environment);
    const accepted = await request(program, 'submit', httpEvent('POST', '/v1/jobs', aBundledPlan));
    const listed = await request(program, 'status', httpEvent('GET', '/v1/jobs'));
    const ticked = await call(program, 'scheduler', { triggerName: 'tick' }, environment);
    const chatted = await request(program, 'chatops', httpEvent('POST', '/v1/chatops/slack', {}));

    expect(worked).toMatchObject({ code: 0, stderr: '' });
    expect(accepted).toMatchObject({ statusCode: 202, body: { state: 'resolving' } });
    expect(listed).toMatchObject({ statusCode: 200, body: { items: [{ title: 'bundled' }] } });
    expect(ticked).toMatchObject({ code: 0, stderr: '' });
    expect(chatted).toMatchObject({ statusCode: 404, body: { code: 'not_found' } });
    await emptyJobs();
  });

  it.skipIf(!isThere)('send spans when there is somebody to send them to', async () => {
    const receiver = await startSpanReceiver();
    const traced = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const event = httpEvent('POST', '/v1/jobs', aBundledPlan);

    const { code, stderr } = await call(program, 'submit', event, traced);
    await receiver.close();

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(receiver.spans().map(({ name }) => name)).toEqual(['submit job']);
    await emptyJobs();
  });

  it.skipIf(!isThere)('need nothing of OpenTelemetry when there is nobody', async () => {
    const alone = join(folder, 'alone');
    await mkdir(alone, { recursive: true });
    await copyFile(join(folder, 'dist', 'submit.mjs'), join(alone, 'submit.mjs'));

    const answer = await request(
      program,
      '../alone/submit',
      httpEvent('POST', '/v1/jobs', aBundledPlan),
    );

    expect(answer.statusCode).toBe(202);
    await emptyJobs();
  });
});

async function emptyJobs(): Promise<void> {
  const { logger } = createRecordingLogger();
  const opened = await openPgDatabase({ url: database.url, logger });
  await opened.query('TRUNCATE lanekeeper.job CASCADE');
  await opened.close();
}

describe('the build', () => {
  it('gives the same bytes for the same sources', async () => {
    const again = await bundleFunctions({ folder: join(folder, 'again') });

    for (const [index, { path }] of bundles.entries()) {
      expect(await readFile(again[index]?.path ?? '')).toEqual(await readFile(path));
    }
  });

  it('puts OpenTelemetry into a file of its own', async () => {
    const texts = bundles.map(
      async ({ name, path }) => [name, await readFile(path, 'utf8')] as const,
    );

    const holders = (await Promise.all(texts)).filter(([, text]) => text.includes('resourceSpans'));
    expect(holders.map(([name]) => name)).toEqual(['tracing']);
  });

  it('names no path of the machine it ran on', async () => {
    for (const { path } of bundles) expect(await readFile(path, 'utf8')).not.toContain(resolve());
  });
});
