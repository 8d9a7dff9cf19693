import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { bundleFunctions, functionNames } from '../../scripts/bundle.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { type Deployment, deploy, httpEvent, nodes, tickEvent } from '../helpers/deployment.ts';
import { type FunctionInstance, startInstance } from '../helpers/instance.ts';
import { createRecordingLogger } from '../helpers/recording-logger.ts';
import { startSpanReceiver } from '../helpers/span-receiver.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);
const names = await functionNames();
const role = { id: 'STS.role', secret: 'canary-role-secret', token: 'canary-role-token' };
const context = {
  requestId: 'r-1',
  credentials: { accessKeyId: role.id, accessKeySecret: role.secret, securityToken: role.token },
  function: { name: 'lanekeeper', timeout: 60 },
};
const plan = {
  title: 'bundled',
  targets: [{ regionId: 'cn-hangzhou', vpnConnectionId: 'vco-bundled' }],
  set: { Name: 'bundled' },
};

const HttpAnswer = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.string().transform((text): unknown => JSON.parse(text)),
});

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploy(role);
});
afterAll(() => deployment.close());

function start(
  node: string,
  name: string,
  environment: Readonly<Record<string, string>> = deployment.environment,
): Promise<FunctionInstance> {
  return startInstance({ node, folder: deployment.folder, name, environment, context });
}

/** The whole life of an instance with one call. */
async function call(node: string, name: string, event: unknown): Promise<unknown> {
  const instance = await start(node, name);
  await instance.initialize();
  const answer = await instance.handler(event);
  await instance.preStop();
  expect({ code: await instance.end(), stderr: instance.stderr() }).toEqual({
    code: 0,
    stderr: '',
  });
  return answer;
}

async function request(node: string, name: string, event: object) {
  return HttpAnswer.parse(await call(node, name, event));
}

async function emptyJobs(): Promise<void> {
  const { logger } = createRecordingLogger();
  const opened = await openPgDatabase({ url: deployment.database.url, logger });
  await opened.query('TRUNCATE lanekeeper.job CASCADE');
  await opened.close();
}

describe.each(nodes)('the bundles on Node $version', ({ version, program }) => {
  const isThere = existsSync(program);

  it.skipIf(!isThere)('run on the version that is meant', async () => {
    const { stdout } = await run(program, ['--version']);

    expect(stdout.trim()).toMatch(version);
  });

  it.skipIf(!isThere)('take a plan, show its job, wake the worker, and keep house', async () => {
    // The worker comes first, while there is nothing to ask the cloud for.
    const worked = await call(program, 'worker', { kind: 'wake' });
    const accepted = await request(program, 'submit', httpEvent('POST', '/v1/jobs', plan));
    const listed = await request(program, 'status', httpEvent('GET', '/v1/jobs'));
    const ticked = await call(program, 'scheduler', tickEvent());
    const chatted = await request(program, 'chatops', httpEvent('POST', '/v1/chatops/slack', {}));

    expect(worked).toEqual({ reason: 'idle', nextDueInMs: null });
    expect(accepted).toMatchObject({ statusCode: 202, body: { state: 'resolving' } });
    expect(listed).toMatchObject({ statusCode: 200, body: { items: [{ title: 'bundled' }] } });
    expect(ticked).toMatchObject({ woken: true });
    expect(chatted).toMatchObject({ statusCode: 404, body: { code: 'not_found' } });
    const { id } = z.object({ id: z.string() }).parse(accepted.body);
    const tick = `now_tick-${Date.parse('2026-11-22T01:00:00Z')}`;
    expect(deployment.cloud.invocations.splice(0)).toEqual(
      [`now_${id}`, tick].map((task) => ({
        function: 'lanekeeper-worker',
        id: task,
        delaySeconds: 0,
        event: '{"kind":"wake"}',
      })),
    );
    await emptyJobs();
  });

  it.skipIf(!isThere)('send spans when there is somebody to send them to', async () => {
    const receiver = await startSpanReceiver();
    const instance = await start(program, 'submit', {
      ...deployment.environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    });

    const accepted = await instance.handler(httpEvent('POST', '/v1/jobs', plan));
    const code = await instance.end();
    await receiver.close();

    expect(HttpAnswer.parse(accepted).statusCode).toBe(202);
    expect({ code, stderr: instance.stderr() }).toEqual({ code: 0, stderr: '' });
    expect(receiver.spans().map(({ name }) => name)).toEqual(['submit job']);
    deployment.cloud.invocations.splice(0);
    await emptyJobs();
  });

  it.skipIf(!isThere)('need nothing of OpenTelemetry when there is nobody', async () => {
    const folder = join(deployment.folder, '..', 'alone');
    await mkdir(folder, { recursive: true });
    await copyFile(join(deployment.folder, 'submit.mjs'), join(folder, 'submit.mjs'));
    const { environment } = deployment;
    const instance = await startInstance({
      node: program,
      folder,
      name: 'submit',
      environment,
      context,
    });

    const accepted = await instance.handler(httpEvent('POST', '/v1/jobs', plan));
    const code = await instance.end();

    expect(HttpAnswer.parse(accepted).statusCode).toBe(202);
    expect({ code, stderr: instance.stderr() }).toEqual({ code: 0, stderr: '' });
    deployment.cloud.invocations.splice(0);
    await emptyJobs();
  });
});

describe('a bundle', () => {
  const node = process.execPath;

  it.each(names)(
    '%s that lacks its configuration says all of it in a line, and lives',
    async (name) => {
      const instance = await start(node, name, { PORT: 'canary', SECRETS_KEY: 'canary' });
      const event = { worker: { kind: 'wake' }, scheduler: tickEvent() }[name];

      await instance.initialize();
      const first = await instance.handler(event ?? httpEvent('GET', '/v1/jobs'));
      await instance.handler(event ?? httpEvent('GET', '/v1/jobs'));
      const code = await instance.end();

      expect(HttpAnswer.parse(first)).toMatchObject({
        statusCode: 503,
        body: { code: 'unavailable' },
      });
      expect(code).toBe(0);
      expect(JSON.parse(instance.stderr())).toMatchObject({ level: 'error', function: name });
      for (const variable of ['PORT', 'DATABASE_URL', 'SECRETS_KEY', 'API_TOKENS', 'FC_REGION']) {
        expect(instance.stderr()).toContain(`"${variable}"`);
      }
      expect(instance.output()).not.toContain('canary');
    },
  );

  it.each(['status', 'submit'])(
    '%s refuses a database that nobody migrated, and says what to do',
    async (name) => {
      const empty = await createServerDatabase();
      const path = join(deployment.folder, '..', `unmigrated-${name}`);
      await writeFile(path, empty.url);
      const instance = await start(node, name, {
        ...deployment.environment,
        DATABASE_URL: `file:${path}`,
      });

      const answer = await instance.handler(httpEvent('GET', '/v1/jobs'));
      await instance.end();
      await empty.drop();

      expect(HttpAnswer.parse(answer)).toMatchObject({ statusCode: 503 });
      expect(instance.stderr()).toContain('names a database at migration 0');
      expect(instance.stderr()).toContain('run npm run migrate');
    },
  );

  it.each([
    ['submit', 'GET', '/v1/openapi.json', 200],
    ['submit', 'POST', '/v1/jobs', 400],
    ['status', 'GET', '/v1/openapi.json', 200],
    ['status', 'POST', '/v1/jobs', 405],
    ['chatops', 'POST', '/v1/chatops/slack', 404],
  ])(
    '%s answers %s %s with %i, and what is no request with 400',
    async (name, method, path, status) => {
      const instance = await start(node, name);
      const event = { ...httpEvent(method, path), body: '{', isBase64Encoded: false };

      const answers = [await instance.handler(event), await instance.handler({ version: 'v0' })];
      await instance.end();

      expect(answers.map((answer) => HttpAnswer.parse(answer).statusCode)).toEqual([status, 400]);
    },
  );

  it('survives a freeze during which the server dropped its connections', async () => {
    const instance = await start(node, 'status');
    const before = HttpAnswer.parse(await instance.handler(httpEvent('GET', '/v1/jobs')));
    instance.process.kill('SIGSTOP');
    const { logger } = createRecordingLogger();
    const other = await openPgDatabase({ url: deployment.database.url, logger });
    const clients = `FROM pg_stat_activity WHERE datname = current_database()
      AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
    const dropped = await other.query(`SELECT pg_terminate_backend(pid) ${clients}`);
    // A backend told to end may still take a statement, and would not answer it.
    const areGone = async () => (await other.query(`SELECT pid ${clients}`)).length === 0;
    await vi.waitUntil(areGone, { timeout: 30_000 });
    await other.close();
    instance.process.kill('SIGCONT');

    const after = HttpAnswer.parse(await instance.handler(httpEvent('GET', '/v1/jobs')));
    await instance.end();

    expect(dropped.length).toBeGreaterThan(0);
    expect([before.statusCode, after.statusCode], instance.stderr()).toEqual([200, 200]);
  });

  it('tells a failed wake and accepts the job; the next tick wakes', async () => {
    deployment.cloud.fail((response) => response.writeHead(503).end());
    const submit = await start(node, 'submit');

    const accepted = HttpAnswer.parse(await submit.handler(httpEvent('POST', '/v1/jobs', plan)));
    await submit.end();
    const ticked = await call(node, 'scheduler', tickEvent('2026-11-22T02:00:00Z'));

    expect(accepted.statusCode).toBe(202);
    expect(submit.stderr()).toContain('worker not woken, the timer will');
    expect(ticked).toMatchObject({ woken: true });
    expect(deployment.cloud.invocations.splice(0)).toHaveLength(1);
    await emptyJobs();
  });

  it('writes no key and no token, however much it is asked to tell', async () => {
    const environment = {
      ...deployment.environment,
      LOG_LEVEL: 'debug',
      // Refuses all of it, which is told too.
      VPC_ENDPOINT: deployment.cloud.url,
    };
    const submit = await start(node, 'submit', environment);
    deployment.cloud.fail((response) => response.writeHead(403).end(JSON.stringify(role)));
    const answers = [
      await submit.handler(httpEvent('POST', '/v1/jobs', plan)),
      await submit.handler(httpEvent('POST', '/v1/previews', plan)),
      await submit.handler({ kind: 'canary-event' }),
    ];
    await submit.end();

    expect(answers.map((answer) => HttpAnswer.parse(answer).statusCode)).toContain(202);
    expect(submit.stderr()).toContain('job accepted');
    expect(submit.output()).not.toContain('canary');
    expect(submit.output()).not.toContain('a-token-of-the-deployment');
    await emptyJobs();
  });
});

describe('the build', () => {
  it('gives the same bytes for the same sources', async () => {
    const again = await bundleFunctions({ folder: join(deployment.folder, '..', 'again') });

    for (const [index, { path }] of deployment.bundles.entries()) {
      expect(await readFile(again[index]?.path ?? '')).toEqual(await readFile(path));
    }
  });

  it('puts OpenTelemetry into a file of its own', async () => {
    const texts = deployment.bundles.map(
      async ({ name, path }) => [name, await readFile(path, 'utf8')] as const,
    );

    const holders = (await Promise.all(texts)).filter(([, text]) => text.includes('resourceSpans'));
    expect(holders.map(([name]) => name)).toEqual(['tracing']);
  });

  it('names no path of the machine it ran on', async () => {
    for (const { path } of deployment.bundles) {
      expect(await readFile(path, 'utf8')).not.toContain(resolve());
    }
  });
});
