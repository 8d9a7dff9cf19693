import { describe, expect, it } from 'vitest';
import { answerHttpEvent } from '../../../../shared/adapters/fc/http-event.ts';

/** Source: Function Compute 3.0, "HTTP trigger event". */
function anEvent(overrides: Record<string, unknown> = {}, method = 'POST') {
  return {
    version: 'v1',
    rawPath: '/v1/jobs',
    body: '{"title":"x"}',
    isBase64Encoded: false,
    headers: { 'Content-Type': 'application/json', Accept: '*/*' },
    queryParameters: {},
    requestContext: {
      accountId: '123456',
      domainName: 'abc.cn-hangzhou.fcapp.run',
      domainPrefix: 'abc',
      requestId: '1-672a-abc',
      time: '2026-11-22T01:00:00Z',
      timeEpoch: '1793322000000',
      triggerId: 't',
      http: {
        method,
        path: '/v1/jobs',
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.9',
        userAgent: 'curl/8',
      },
    },
    ...overrides,
  };
}

async function echo(request: Request): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer()).toString('base64');
  const { method, url } = request;
  return Response.json({ method, url, headers: Object.fromEntries(request.headers), body });
}

async function requestFrom(event: unknown) {
  const { body } = await answerHttpEvent(event, echo);
  const seen: { method: string; url: string; headers: Record<string, string>; body: string } =
    JSON.parse(body);
  return { ...seen, body: Buffer.from(seen.body, 'base64').toString('utf8') };
}

describe('answerHttpEvent', () => {
  it.each([
    ['bytes', Buffer.from(JSON.stringify(anEvent()))],
    ['text', JSON.stringify(anEvent())],
    ['a value', anEvent()],
  ])('reads an event given as %s', async (_, event) => {
    expect(await requestFrom(event)).toMatchObject({
      method: 'POST',
      url: 'https://abc.cn-hangzhou.fcapp.run/v1/jobs',
      headers: { 'content-type': 'application/json', 'x-request-id': '1-672a-abc' },
      body: '{"title":"x"}',
    });
  });

  it('decodes a base64 body to its very bytes', async () => {
    const body = Buffer.from('{"title":"锁"}').toString('base64');

    expect((await requestFrom(anEvent({ body, isBase64Encoded: true }))).body).toBe(
      '{"title":"锁"}',
    );
  });

  it('keeps the path percent-encoded', async () => {
    const { url } = await requestFrom(anEvent({ rawPath: '/v1/jobs/a%2Fb%20c' }));

    expect(new URL(url).pathname).toBe('/v1/jobs/a%2Fb%20c');
  });

  it('encodes the decoded query, joined values as they are', async () => {
    const queryParameters = { state: 'running,failed', cursor: 'a&b=c #' };

    const { url } = await requestFrom(anEvent({ queryParameters }, 'GET'));

    expect(Object.fromEntries(new URL(url).searchParams)).toEqual(queryParameters);
  });

  it.each(['GET', 'HEAD'])('drops the body of a %s', async (method) => {
    expect(await requestFrom(anEvent({}, method))).toMatchObject({ method, body: '' });
  });

  it('cannot be sent to another host by its path', async () => {
    const { url } = await requestFrom(anEvent({ rawPath: '//evil.example/x' }, 'GET'));

    expect(new URL(url).host).toBe('abc.cn-hangzhou.fcapp.run');
  });

  it.each([
    [
      'an event of another kind',
      { triggerTime: '2026-11-22T01:00:00Z', triggerName: 'tick', payload: '' },
    ],
    ['another version', anEvent({ version: 'v2' })],
    ['a raw body of an API call', Buffer.from('{"title":"x"}')],
    ['no JSON', Buffer.from('hush')],
    ['nothing', undefined],
    ['a path without a slash', anEvent({ rawPath: 'v1' })],
    [
      'a host that is none',
      { ...anEvent(), requestContext: { domainName: 'a b', http: { method: 'GET' } } },
    ],
    ['a method that Request refuses', anEvent({}, 'TRACE')],
    ['a header that is none', anEvent({ headers: { 'a b': 'x' } })],
  ])('answers 400 to %s', async (_, event) => {
    const response = await answerHttpEvent(event, () => Promise.reject(new Error('reached')));

    expect(response).toMatchObject({ statusCode: 400, isBase64Encoded: false });
    expect(JSON.parse(response.body)).toMatchObject({ code: 'invalid_request' });
    expect(response.body).not.toContain('hush');
  });

  it('gives text as text and bytes as base64', async () => {
    const bytes = new Uint8Array([0, 255, 1]);
    const give = (body: string | Uint8Array, type: string) =>
      answerHttpEvent(
        anEvent(),
        async () => new Response(body, { status: 201, headers: { 'Content-Type': type } }),
      );

    expect(await give('{"a":"锁"}', 'application/problem+json')).toEqual({
      statusCode: 201,
      headers: { 'content-type': 'application/problem+json' },
      isBase64Encoded: false,
      body: '{"a":"锁"}',
    });
    expect(await give(bytes, 'image/png')).toMatchObject({ isBase64Encoded: true, body: 'AP8B' });
    expect(await give('x', 'text/html; charset=utf-8')).toMatchObject({ isBase64Encoded: false });
  });

  it('gives an answer without a body', async () => {
    const response = await answerHttpEvent(
      anEvent(),
      async () => new Response(null, { status: 304 }),
    );

    expect(response).toMatchObject({ statusCode: 304, isBase64Encoded: false, body: '' });
  });
});
