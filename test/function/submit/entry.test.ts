import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServerDatabase } from '../../helpers/databases.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Loads a function's entry as Function Compute does, gives it events one after the other and prints its answers. */
function invoke(
  name: string,
  environment: Record<string, string>,
  events: unknown[],
): Promise<Ended> {
  const program = `
    const { handler } = await import('./functions/${name}/index.ts');
    for (const event of ${JSON.stringify(events)}) {
      console.log(JSON.stringify(await handler(Buffer.from(JSON.stringify(event)), {})));
    }
    process.exit(0);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: root,
    env: { PATH: process.env.PATH, ...environment },
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ended.stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

function anEvent(method: string, rawPath: string, body = ''): unknown {
  return {
    version: 'v1',
    rawPath,
    body,
    isBase64Encoded: false,
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer t0ken' },
    queryParameters: {},
    requestContext: { domainName: 'x.fcapp.run', requestId: 'r-1', http: { method } },
  };
}

const answersOf = ({ stdout }: Ended): { statusCode: number; body: string }[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the entries for Function Compute', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof createServerDatabase>>;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lanekeeper-entry-'));
    server = await createServerDatabase();
    const sha256 = createHash('sha256').update('t0ken').digest('hex');
    const values = {
      DATABASE_URL: server.url,
      SECRETS_KEY: Buffer.alloc(32, 5).toString('base64'),
      API_TOKENS: JSON.stringify([{ name: 'ops', sha256, roles: ['admin'] }]),
    };
    for (const [name, value] of Object.entries(values)) await writeFile(join(folder, name), value);
    environment = Object.fromEntries(
      Object.keys(values).map((name) => [name, `file:${join(folder, name)}`]),
    );
  });
  afterAll(async () => {
    await server.drop();
    await rm(folder, { recursive: true });
  });

  it.each(['submit', 'status', 'chatops'])(
    '%s ends with 78 and every fault when it is misconfigured',
    async (name) => {
      const { code, stderr, stdout } = await invoke(
        name,
        { PORT: 'hush', SECRETS_KEY: 'hush' },
        [],
      );

      expect(code).toBe(78);
      expect(stdout).toBe('');
      expect(JSON.parse(stderr)).toMatchObject({
        level: 'error',
        faults: expect.arrayContaining([
          { path: 'PORT', message: expect.any(String) },
          { path: 'DATABASE_URL', message: 'is required when deployed' },
        ]),
      });
      expect(stderr).not.toContain('hush');
    },
  );

  it.each([
    ['submit', 'GET', '/v1/openapi.json', 200],
    ['submit', 'POST', '/v1/jobs', 400],
    ['status', 'GET', '/v1/openapi.json', 200],
    ['status', 'POST', '/v1/jobs', 405],
    ['chatops', 'POST', '/v1/chatops/slack', 404],
  ])('%s answers %s %s with %i', async (name, method, path, status) => {
    const ended = await invoke(name, environment, [anEvent(method, path, '{'), { version: 'v0' }]);

    expect(answersOf(ended).map(({ statusCode }) => statusCode)).toEqual([status, 400]);
    expect(ended.code).toBe(0);
  });
});
