import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bearerToken, type Deployment, deploy, nodes, tickEvent } from '../helpers/deployment.ts';

// Starting a process takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const role = { id: 'STS.role', secret: 'canary-role-secret', token: 'canary-role-token' };
/** What the platform adds to every request. Source: "Principles" of custom runtimes. */
const identity = {
  'x-fc-request-id': '1-672a-abc',
  'x-fc-access-key-id': role.id,
  'x-fc-access-key-secret': role.secret,
  'x-fc-security-token': role.token,
  'x-fc-function-name': 'lanekeeper',
  'x-fc-function-timeout': '60',
  'x-fc-account-id': '123456789',
};
const plan = {
  title: 'served',
  targets: [{ regionId: 'cn-hangzhou', vpnConnectionId: 'vco-served' }],
  set: { Name: 'served' },
};

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

let deployment: Deployment;
const children: ChildProcess[] = [];
beforeAll(async () => {
  deployment = await deploy(role);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  deployment.cloud.invocations.splice(0);
});
afterAll(() => deployment.close());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** A function in a custom runtime, and calls to it as the platform makes them. */
async function serve(name: string, environment: Record<string, string>, node = process.execPath) {
  const port = await freePort();
  const files = [join(deployment.folder, 'custom-runtime.mjs'), `${name}.mjs`, String(port)];
  const child = spawn(node, files, { cwd: deployment.folder, env: environment });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
    });
  }
  const send = (
    method: string,
    path: string,
    headers: Record<string, string>,
    body = '',
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, method, path, headers };
      const request = httpRequest(options, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += String(chunk);
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  await vi.waitFor(() => send('GET', '/', {}), { timeout: 30_000, interval: 50 });
  return {
    output: () => output,
    send,
    control: (control: string, body = '', method = 'POST') =>
      send(method, control, { ...identity, 'x-fc-control-path': control }, body),
    http: (method: string, path: string, body = '', more: Record<string, string> = {}) =>
      send(
        method,
        path,
        {
          ...identity,
          'x-fc-control-path': '/http-invoke',
          authorization: `Bearer ${bearerToken}`,
          'content-type': 'application/json',
          ...more,
        },
        body,
      ),
  };
}

describe.each(nodes)('a custom runtime on Node $version', ({ program }) => {
  it.skipIf(!existsSync(program))(
    'serves requests, events and the life of an instance',
    async () => {
      const environment = { ...deployment.environment, LOG_LEVEL: 'debug' };
      const submit = await serve('submit', environment, program);
      const scheduler = await serve('scheduler', environment, program);

      const begun = await submit.control('/initialize');
      const accepted = await submit.http('POST', '/v1/jobs', JSON.stringify(plan));
      const listed = await submit.http('GET', '/v1/jobs?state=resolving&limit=1');
      const ticked = await scheduler.control('/invoke', JSON.stringify(tickEvent()));
      const ended = await submit.control('/pre-stop', '', 'GET');

      expect([begun.status, ended.status]).toEqual([200, 200]);
      expect(accepted.status).toBe(202);
      expect(accepted.headers).toMatchObject({ 'x-request-id': identity['x-fc-request-id'] });
      expect(JSON.parse(listed.text)).toMatchObject({ items: [{ title: 'served' }] });
      expect(JSON.parse(ticked.text)).toMatchObject({ woken: true });
      expect(deployment.cloud.invocations).toHaveLength(2);
      for (const task of ['Invoke', 'Initialize', 'PreStop']) {
        for (const when of ['Start', 'End']) {
          expect(submit.output()).toContain(`FC ${task} ${when} RequestId: 1-672a-abc`);
        }
      }
      expect(submit.output() + scheduler.output()).not.toMatch(/canary|a-token-of-the/);
    },
  );
});

describe('a custom runtime', () => {
  it('keeps connections for longer than the platform does', async () => {
    const status = await serve('status', { ...deployment.environment });

    const { headers } = await status.send('GET', '/', { connection: 'keep-alive' });

    expect(headers['keep-alive']).toBe('timeout=960');
  });

  it('takes no order of a caller from outside, whatever path it asks for', async () => {
    const scheduler = await serve('scheduler', { ...deployment.environment });
    const submit = await serve('submit', { ...deployment.environment });

    const answers = [
      await scheduler.send('POST', '/invoke', identity, JSON.stringify(tickEvent())),
      await scheduler.http('POST', '/invoke', JSON.stringify(tickEvent())),
      await submit.http('POST', '/invoke', '{}'),
      await submit.http('POST', '/pre-stop', '{}'),
    ];

    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect((await submit.http('GET', '/v1/jobs')).status).toBe(200);
  });

  it('says that a run failed in the way the platform counts', async () => {
    const scheduler = await serve('scheduler', { ...deployment.environment });
    await scheduler.control('/initialize');
    const submit = await serve('submit', { ...deployment.environment });
    await submit.http('POST', '/v1/jobs', JSON.stringify(plan));
    deployment.cloud.fail((response) => response.writeHead(503).end());

    const failed = await scheduler.control('/invoke', JSON.stringify(tickEvent()));

    expect(failed).toMatchObject({ status: 500, headers: { 'x-fc-status': '404' } });
    expect(scheduler.output()).toContain('invocation failed');
  });

  it('answers 503 while its configuration is wrong', async () => {
    const status = await serve('status', {});

    expect((await status.http('GET', '/v1/jobs')).status).toBe(503);
    expect((await status.http('GET', '/v1/jobs')).status).toBe(503);
    expect(status.output().match(/configuration has faults/g)).toHaveLength(1);
  });
});
