import { describe, expect, it } from 'vitest';
import { AppError, type ErrorCode, errorCatalog } from '../../../shared/platform/errors.ts';
import { createHttpApp, jsonResponse, type Route } from '../../../shared/platform/http/app.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const origin = 'http://lanekeeper.test';

function anApp(...routes: Route[]) {
  const { logger, lines } = createRecordingLogger();
  const app = createHttpApp({ logger, random }, routes);
  const ask = (path: string, init?: RequestInit) =>
    app.fetch(new Request(`${origin}${path}`, init));
  return { ask, lines };
}

function failing(error: unknown): Route {
  return { method: 'GET', path: '/fails', handle: () => Promise.reject(error) };
}

describe('createHttpApp', () => {
  it('hands path parameters and query to the route', async () => {
    const { ask } = anApp({
      method: 'GET',
      path: '/things/:name',
      handle: ({ params, url }) => jsonResponse({ params, x: url.searchParams.get('x') }),
    });

    const response = await ask('/things/a%20b?x=1');

    expect(await response.json()).toEqual({ params: { name: 'a b' }, x: '1' });
  });

  it('answers an unknown path with a problem', async () => {
    const response = await anApp().ask('/nowhere');

    expect(response.status).toBe(404);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: 'urn:lanekeeper:problem:not_found',
      title: 'There is no such thing',
      status: 404,
      detail: 'there is nothing at this path',
      code: 'not_found',
    });
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'answers %s with 405 and what it takes',
    async (method) => {
      const handle = (): Response => jsonResponse({});
      const { ask } = anApp(
        { method: 'POST', path: '/things', handle },
        { method: 'GET', path: '/things', handle },
      );

      const response = await ask('/things', { method });

      expect(response.status).toBe(405);
      expect(response.headers.get('Allow')).toBe('POST, GET, HEAD');
      expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
    },
  );

  it('answers HEAD like GET, without the body', async () => {
    const { ask } = anApp({ method: 'GET', path: '/x', handle: () => jsonResponse({ a: 1 }) });

    const response = await ask('/x', { method: 'HEAD' });

    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it('protects every answer', async () => {
    const { ask } = anApp({ method: 'GET', path: '/x', handle: () => jsonResponse({}) });

    for (const path of ['/x', '/nowhere']) {
      const { headers } = await ask(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
    }
  });

  it('keeps the request id of the platform in front, in answer and log', async () => {
    const { ask, lines } = anApp();

    const response = await ask('/nowhere', { headers: { 'X-Request-Id': '1-abc-def' } });

    expect(response.headers.get('X-Request-Id')).toBe('1-abc-def');
    expect(lines.join()).toContain('"requestId":"1-abc-def"');
  });

  it.each(['a b', 'x'.repeat(65), '<script>'])(
    'makes a request id where %j was given',
    async (id) => {
      const response = await anApp().ask('/nowhere', { headers: { 'X-Request-Id': id } });

      expect(response.headers.get('X-Request-Id')).toMatch(/^req_[0-9a-f]{24}$/);
    },
  );

  it.each(Object.keys(errorCatalog))(
    'gives %s the status of the catalog and leaks nothing internal',
    async (code) => {
      const known = Object.entries(errorCatalog).find(([name]) => name === code);
      const { ask, lines } = anApp(
        failing(new AppError(toCode(code), 'the sentence', { cause: new Error('SELECT hush') })),
      );

      const response = await ask('/fails');
      const body = await response.text();

      expect(response.status).toBe(known?.[1].status);
      expect(body).not.toContain('hush');
      if (response.status === 500) expect(body).not.toContain('sentence');
      else expect(JSON.parse(body)).toMatchObject({ code, detail: 'the sentence' });
      expect(lines).toHaveLength(1);
    },
  );

  it.each([
    ['an error', new Error('password=hush at db:5432')],
    ['a text', 'hush'],
    ['nothing', undefined],
  ])(
    'answers 500 with a neutral sentence when a route throws %s, and logs it',
    async (_, thrown) => {
      const { ask, lines } = anApp(failing(thrown));

      const response = await ask('/fails');
      const body = await response.text();

      expect(response.status).toBe(500);
      expect(JSON.parse(body)).toMatchObject({ code: 'internal', title: 'The service failed' });
      expect(body).not.toContain('hush');
      expect(lines.map((line) => JSON.parse(line).level)).toEqual(['error']);
    },
  );

  it('lists faults, and says when to come again', async () => {
    const faults = [{ path: '/a', message: 'is required' }];
    const { ask } = anApp(
      failing(new AppError('unavailable', 'slow', { faults, retryAfterSeconds: 1.2 })),
    );

    const response = await ask('/fails');

    expect(response.headers.get('Retry-After')).toBe('2');
    expect(await response.json()).toMatchObject({ errors: faults });
  });

  it('asks for a bearer token with 401', async () => {
    const response = await anApp(failing(new AppError('unauthenticated', 'who?'))).ask('/fails');

    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer');
  });
});

function toCode(text: string): ErrorCode {
  const isCode = (code: string): code is ErrorCode => Object.hasOwn(errorCatalog, code);
  if (!isCode(text)) throw new Error(`${text} is no code`);
  return text;
}
