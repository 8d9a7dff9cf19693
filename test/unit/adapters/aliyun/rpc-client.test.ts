import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RpcAnswer } from '../../../../shared/adapters/aliyun/rpc-answer.ts';
import {
  createRpcClient,
  type RpcClient,
  type RpcCredentials,
} from '../../../../shared/adapters/aliyun/rpc-client.ts';
import { systemClock } from '../../../../shared/platform/clock.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import {
  answer,
  refusal,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from '../../../helpers/scripted-http-server.ts';

const requestId = '9AB1C2D3-0000-4000-8000-000000000001';
const fine = { RequestId: requestId, VpnConnectionId: 'vco-one' };
const key = 'pl"nt\\d/key(1)*';
const shortTimeoutMs = 80;

let server: ScriptedServer;
let client: RpcClient;
let given: (() => Promise<RpcCredentials>) | undefined;

function clientFor(endpoint: string): RpcClient {
  return createRpcClient({
    endpoint,
    apiVersion: '2016-04-28',
    credentials: () =>
      given?.() ??
      Promise.resolve({ accessKeyId: 'key-id', accessKeySecret: new Secret('key-secret') }),
    defaultTimeoutMs: 2_000,
  });
}

function call(timeoutMs = 2_000): Promise<RpcAnswer> {
  const params = { RegionId: 'cn-hangzhou', IkeConfig: { Psk: new Secret(key) } };
  return client.call('ModifyVpnConnectionAttribute', params, {
    regionId: 'cn-hangzhou',
    timeoutMs,
  });
}

beforeEach(async () => {
  server = await startScriptedServer();
  client = clientFor(server.url);
  given = undefined;
});

afterEach(async () => {
  client.close();
  await server.close();
});

describe('a request', () => {
  it('is a POST with a clean URL and everything in the form body', async () => {
    server.play(answer(200, fine));

    await call();

    const [seen] = server.seen;
    expect(seen).toMatchObject({
      method: 'POST',
      url: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      form: {
        Action: 'ModifyVpnConnectionAttribute',
        Version: '2016-04-28',
        Format: 'JSON',
        AccessKeyId: 'key-id',
        RegionId: 'cn-hangzhou',
        IkeConfig: JSON.stringify({ Psk: key }),
      },
    });
    expect(Object.values(seen?.headers ?? {}).join()).not.toMatch(/key-id|key-secret|pl"nt/);
    expect(seen?.form).not.toHaveProperty('SecurityToken');
  });

  it('carries texts unchanged and lists flattened', async () => {
    server.play(answer(200, fine));

    const Name = "a !'()*~ü+&=%/ß";
    await client.call(
      'Anything',
      { Name, Tag: [{ Key: 'a', Value: 'b c' }] },
      { regionId: 'cn-hangzhou' },
    );

    expect(server.seen[0]?.form).toMatchObject({ Name, 'Tag.1.Key': 'a', 'Tag.1.Value': 'b c' });
  });

  it('never carries undefined, null or an object as its text', async () => {
    server.play(answer(200, fine));

    await client.call(
      'Anything',
      { Name: undefined, Tag: [{ Key: 'a', Value: undefined }] },
      { regionId: 'cn-hangzhou' },
    );

    expect(server.seen[0]?.body).not.toMatch(/undefined|null|object/);
  });

  it('is not sent at all when a parameter cannot be sent', async () => {
    const attempt = client.call('Anything', { List: [{ Deep: {} }] }, { regionId: 'cn-hangzhou' });

    await expect(attempt).rejects.toMatchObject({ code: 'internal' });
    expect(server.seen).toEqual([]);
  });

  it('asks for credentials each time and sends the security token', async () => {
    let asked = 0;
    given = () => {
      asked += 1;
      return Promise.resolve({
        accessKeyId: `id-${asked}`,
        accessKeySecret: new Secret('key-secret'),
        securityToken: new Secret(`token-${asked}`),
      });
    };
    server.play(answer(200, fine));

    await call();
    await call();

    expect(server.seen.map(({ form }) => [form.AccessKeyId, form.SecurityToken])).toEqual([
      ['id-1', 'token-1'],
      ['id-2', 'token-2'],
    ]);
  });

  it('has a nonce and a signature of its own each time', async () => {
    server.play(answer(200, fine));

    await call();
    await call();

    const [first, second] = server.seen;
    expect(first?.form.SignatureNonce).not.toBe(second?.form.SignatureNonce);
    expect(first?.form.Signature).not.toBe(second?.form.Signature);
  });

  it.each([
    ['a rejection', () => Promise.reject(new TypeError('planted'))],
    [
      'a throw',
      () => {
        throw new TypeError('planted');
      },
    ],
    ['an empty key', () => Promise.resolve({ accessKeyId: '', accessKeySecret: new Secret('x') })],
    [
      'an empty secret',
      () => Promise.resolve({ accessKeyId: 'x', accessKeySecret: new Secret('') }),
    ],
  ])('is not sent without credentials: %s', async (_what, source) => {
    given = source;

    expect(await call()).toEqual({ kind: 'not_sent', code: 'CredentialsUnavailable' });
    expect(server.seen).toEqual([]);
  });

  it('reuses its connection', async () => {
    const ports = new Set<unknown>();
    server.play((response) => {
      ports.add(response.socket?.remotePort);
      response.end(JSON.stringify(fine));
    });

    await call();
    await call();

    expect(ports.size).toBe(1);
  });

  it('is not sent after closing', async () => {
    client.close();

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ClientClosed' });
  });

  it('may have been sent when the client closes in the middle', async () => {
    server.play(() => client.close());

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });
});

describe('an answer', () => {
  it('is good with HTTP 200 and a request id', async () => {
    server.play(answer(200, fine));

    const got = await call();

    expect(got).toMatchObject({ kind: 'ok', requestId, body: fine });
  });

  it.each([200, '200', 'OK', 'Success', 'success'])('is good with the code %j', async (Code) => {
    server.play(answer(200, { ...fine, Code }));

    expect(await call()).toMatchObject({ kind: 'ok' });
  });

  it.each([
    ['500 and JSON without a code', 500, fine],
    ['500 and a code of success', 500, { ...fine, Code: 'OK' }],
    ['400 and JSON without a code', 400, fine],
    ['302', 302, fine],
    ['no request id', 200, { VpnConnectionId: 'vco-one' }],
    ['an empty request id', 200, { RequestId: '' }],
    ['a request id that is none', 200, { RequestId: { id: 'x' } }],
    ['a request id that is a text', 200, { RequestId: 'some text' }],
    ['an HTML page', 502, '<html><body>Bad Gateway</body></html>'],
    ['an HTML page with 200', 200, '<html></html>'],
    ['an empty body', 200, ''],
    ['an empty body and 204', 204, ''],
    ['null', 200, 'null'],
    ['a number', 200, '7'],
    ['a text', 200, '"text"'],
    ['a list', 200, '[]'],
    ['true', 200, 'true'],
    ['a __proto__ key', 200, `{"__proto__":{"Code":"OK"},"RequestId":"${requestId}"}`],
    ['a constructor key', 200, `{"constructor":{},"RequestId":"${requestId}"}`],
    ['XML', 200, `<?xml version="1.0"?><RequestId>${requestId}</RequestId>`],
    ['a byte order mark', 200, `\ufeff${JSON.stringify(fine)}`],
    ['half a JSON', 200, '{"RequestId":"9AB1'],
    ['a code with an object in it', 400, { RequestId: requestId, Code: { a: 1 } }],
    ['a code that is a sentence', 400, { RequestId: requestId, Code: 'Something went wrong' }],
  ])('cannot be understood with %s', async (_what, status, body) => {
    server.play(answer(status, body));

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'UnreadableAnswer' });
  });

  it('keeps the request id of what cannot be understood, where there is one', async () => {
    server.play(answer(500, fine));

    expect(await call()).toEqual({ kind: 'maybe_sent', code: 'UnreadableAnswer', requestId });
  });

  it.each([
    [400, 'Throttling.User'],
    [404, 'InvalidVpnConnectionInstanceId.NotFound'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [200, 'VpnGateway.Configuring'],
    [302, 'VpnGateway.Configuring'],
  ])('with HTTP %i and the code %s is an error with both', async (status, code) => {
    server.play(refusal(status, code));

    expect(await call()).toMatchObject({ kind: 'error', httpStatus: status, code });
  });

  it('with a number as code is an error with it as text', async () => {
    server.play(answer(400, { RequestId: requestId, Code: 40_001, Message: 'x' }));

    expect(await call()).toMatchObject({ kind: 'error', code: '40001', requestId });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'RequestTimeout'])(
    'whose code looks like a failure of the network (%s) is an error of the cloud all the same',
    async (code) => {
      server.play(answer(400, { RequestId: requestId, Code: code, syscall: 'connect' }));

      expect(await call()).toMatchObject({ kind: 'error', code });
    },
  );

  it('without a message is an error without text', async () => {
    server.play(answer(400, { Code: 'Surprise' }));

    expect(await call()).toEqual({
      kind: 'error',
      code: 'Surprise',
      httpStatus: 400,
      requestId: null,
      text: null,
    });
  });
});

describe('the network', () => {
  it('times out before the headers', async () => {
    server.play(() => undefined);

    expect(await call(shortTimeoutMs)).toMatchObject({ kind: 'maybe_sent', code: 'Timeout' });
    expect(server.seen).toHaveLength(1);
  });

  it('times out after the headers', async () => {
    server.play((response) => {
      response.writeHead(200);
      response.write('{"RequestId":');
    });

    expect(await call(shortTimeoutMs)).toMatchObject({ kind: 'maybe_sent', code: 'Timeout' });
  });

  it('loses its socket when an answer drips on after the timeout', async () => {
    let isDripping = true;
    const closed = new Promise<void>((resolve) => {
      server.play(async (response) => {
        response.on('close', resolve);
        response.writeHead(200);
        while (isDripping) {
          response.write(' ');
          await systemClock.sleep(10);
        }
      });
    });

    const got = await call(shortTimeoutMs);
    await closed;
    isDripping = false;

    expect(got).toMatchObject({ kind: 'maybe_sent', code: 'Timeout' });
  });

  it('closes the socket after the request was read', async () => {
    server.play((response) => response.socket?.end());

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });

  it('resets the connection', async () => {
    server.play((response) => response.socket?.resetAndDestroy());

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });

  it('cuts the body off', async () => {
    server.play((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"RequestId":', () => response.socket?.destroy());
    });

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });

  it('answers something that is not HTTP', async () => {
    server.play((response) => response.socket?.end('hello\r\n\r\n'));

    expect(await call()).toMatchObject({ kind: 'maybe_sent' });
  });

  it('refuses the connection: certainly not sent', async () => {
    await server.close();

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ConnectionFailed' });
  });

  it('refuses the connection on each address of a name: certainly not sent', async () => {
    const { port } = new URL(server.url);
    await server.close();
    client.close();
    client = clientFor(`http://localhost:${port}`);

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ConnectionFailed' });
  });

  it('does not know the host: certainly not sent', async () => {
    client.close();
    client = clientFor(`https://${'x'.repeat(64)}.invalid`);

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ConnectionFailed' });
  });

  it('never makes the client ask twice', async () => {
    server.play(refusal(503, 'ServiceUnavailable'), answer(200, fine));

    expect(await call()).toMatchObject({ kind: 'error', code: 'ServiceUnavailable' });
    expect(server.seen).toHaveLength(1);
  });
});

function strictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const echoes: readonly (readonly [name: string, echo: (request: SeenRequest) => string])[] = [
  ['raw', () => key],
  ['JSON-escaped', () => JSON.stringify(key)],
  ['the form body', ({ body }) => body],
  ['the string to sign', ({ body }) => `POST&%2F&${strictly(body)}`],
  ['the bare token', ({ form }) => form.SecurityToken ?? ''],
  ['the token in a sentence', ({ form }) => `token ${form.SecurityToken} secret key-secret`],
];
const places = ['Message', 'Code', 'RequestId', 'HostId'];

describe('a secret that the cloud sends back', () => {
  beforeEach(() => {
    given = () =>
      Promise.resolve({
        accessKeyId: 'id',
        accessKeySecret: new Secret('key-secret'),
        securityToken: new Secret('planted-token'),
      });
  });

  it.each(places.flatMap((place) => echoes.map(([name, echo]) => [place, name, echo] as const)))(
    'in %s, as %s, is not in the answer',
    async (place, _name, echo) => {
      server.play((response, request) => {
        const body = { RequestId: requestId, Code: 'IllegalParam.LocalAsn', Message: 'x' };
        response.statusCode = 400;
        response.end(JSON.stringify({ ...body, [place]: echo(request) }));
      });

      const shown = inspect(await call(), { depth: 9, showHidden: true });

      expect(shown).not.toMatch(/pl(["%\\]|\\"|%22|%5C|%255C|%2522)+nt|planted-token|key-secret/i);
    },
  );

  it('is masked in the text of an ordinary error', async () => {
    server.play((response) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ Code: 'IllegalParam.Psk', Message: `bad value ${key}.` }));
    });

    expect(await call()).toMatchObject({ text: 'bad value ***.' });
  });

  it.each(['SignatureDoesNotMatch', 'IncompleteSignature', 'InvalidAccessKeyId.NotFound'])(
    'has no way out through the text of %s, which is dropped whole',
    async (code) => {
      server.play(refusal(400, code, 'server string to sign is: POST&%2F&…'));

      expect(await call()).toMatchObject({ kind: 'error', code, text: null });
    },
  );

  it('has no way out through a text that quotes the string to sign under another code', async () => {
    server.play(refusal(400, 'Surprise', 'server string to sign is: POST&%2F&AccessKeyId%3Dx'));

    expect(await call()).toMatchObject({ kind: 'error', code: 'Surprise', text: null });
  });

  it('is not in an HTML page that is passed on', async () => {
    server.play((response, { body }) => response.end(`<html>${body}</html>`));

    expect(inspect(await call(), { depth: 9 })).not.toMatch(/pl.{0,3}nt|html/);
  });
});
