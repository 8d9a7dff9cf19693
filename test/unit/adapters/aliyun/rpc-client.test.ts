import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../shared/platform/secret.ts';
import { plantedKey as key, withRpcClient } from '../../../helpers/rpc-client-fixture.ts';
import { answer, refusal } from '../../../helpers/scripted-http-server.ts';

const requestId = '9AB1C2D3-0000-4000-8000-000000000001';
const fine = { RequestId: requestId, VpnConnectionId: 'vco-one' };
const rpc = withRpcClient();
const { call } = rpc;

describe('a request', () => {
  it('is a POST with a clean URL and everything in the form body', async () => {
    rpc.server.play(answer(200, fine));

    await call();

    const [seen] = rpc.server.seen;
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
    rpc.server.play(answer(200, fine));

    const Name = "a !'()*~ü+&=%/ß";
    await rpc.client.call(
      'Anything',
      { Name, Tag: [{ Key: 'a', Value: 'b c' }] },
      { regionId: 'cn-hangzhou' },
    );

    expect(rpc.server.seen[0]?.form).toMatchObject({
      Name,
      'Tag.1.Key': 'a',
      'Tag.1.Value': 'b c',
    });
  });

  it('never carries undefined, null or an object as its text', async () => {
    rpc.server.play(answer(200, fine));

    await rpc.client.call(
      'Anything',
      { Name: undefined, Tag: [{ Key: 'a', Value: undefined }] },
      { regionId: 'cn-hangzhou' },
    );

    expect(rpc.server.seen[0]?.body).not.toMatch(/undefined|null|object/);
  });

  it('is not sent at all when a parameter cannot be sent', async () => {
    const attempt = rpc.client.call(
      'Anything',
      { List: [{ Deep: {} }] },
      { regionId: 'cn-hangzhou' },
    );

    await expect(attempt).rejects.toMatchObject({ code: 'internal' });
    expect(rpc.server.seen).toEqual([]);
  });

  it('asks for credentials each time and sends the security token', async () => {
    let asked = 0;
    rpc.given = () => {
      asked += 1;
      return Promise.resolve({
        accessKeyId: `id-${asked}`,
        accessKeySecret: new Secret('key-secret'),
        securityToken: new Secret(`token-${asked}`),
      });
    };
    rpc.server.play(answer(200, fine));

    await call();
    await call();

    expect(rpc.server.seen.map(({ form }) => [form.AccessKeyId, form.SecurityToken])).toEqual([
      ['id-1', 'token-1'],
      ['id-2', 'token-2'],
    ]);
  });

  it('has a nonce and a signature of its own each time', async () => {
    rpc.server.play(answer(200, fine));

    await call();
    await call();

    const [first, second] = rpc.server.seen;
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
    rpc.given = source;

    expect(await call()).toEqual({ kind: 'not_sent', code: 'CredentialsUnavailable' });
    expect(rpc.server.seen).toEqual([]);
  });

  it('reuses its connection', async () => {
    const ports = new Set<unknown>();
    rpc.server.play((response) => {
      ports.add(response.socket?.remotePort);
      response.end(JSON.stringify(fine));
    });

    await call();
    await call();

    expect(ports.size).toBe(1);
  });

  it('is not sent after closing', async () => {
    rpc.client.close();

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ClientClosed' });
  });

  it('may have been sent when the rpc.client closes in the middle', async () => {
    rpc.server.play(() => rpc.client.close());

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });
});

describe('an answer', () => {
  it('is good with HTTP 200 and a request id', async () => {
    rpc.server.play(answer(200, fine));

    const got = await call();

    expect(got).toMatchObject({ kind: 'ok', requestId, body: fine });
  });

  it.each([200, '200', 'OK', 'Success', 'success'])('is good with the code %j', async (Code) => {
    rpc.server.play(answer(200, { ...fine, Code }));

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
    rpc.server.play(answer(status, body));

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'UnreadableAnswer' });
  });

  it('keeps the request id of what cannot be understood, where there is one', async () => {
    rpc.server.play(answer(500, fine));

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
    rpc.server.play(refusal(status, code));

    expect(await call()).toMatchObject({ kind: 'error', httpStatus: status, code });
  });

  it('with a number as code is an error with it as text', async () => {
    rpc.server.play(answer(400, { RequestId: requestId, Code: 40_001, Message: 'x' }));

    expect(await call()).toMatchObject({ kind: 'error', code: '40001', requestId });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'RequestTimeout'])(
    'whose code looks like a failure of the network (%s) is an error of the cloud all the same',
    async (code) => {
      rpc.server.play(answer(400, { RequestId: requestId, Code: code, syscall: 'connect' }));

      expect(await call()).toMatchObject({ kind: 'error', code });
    },
  );

  it('without a message is an error without text', async () => {
    rpc.server.play(answer(400, { Code: 'Surprise' }));

    expect(await call()).toEqual({
      kind: 'error',
      code: 'Surprise',
      httpStatus: 400,
      requestId: null,
      text: null,
    });
  });
});
