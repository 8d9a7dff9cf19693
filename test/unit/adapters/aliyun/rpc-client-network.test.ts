import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../shared/platform/clock.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { plantedKey as key, withRpcClient } from '../../../helpers/rpc-client-fixture.ts';
import { answer, refusal, type SeenRequest } from '../../../helpers/scripted-http-server.ts';

const requestId = '9AB1C2D3-0000-4000-8000-000000000001';
const fine = { RequestId: requestId, VpnConnectionId: 'vco-one' };
const shortTimeoutMs = 80;
const rpc = withRpcClient();
const { call, clientFor } = rpc;

describe('the network', () => {
  it('times out before the headers', async () => {
    rpc.server.play(() => undefined);

    expect(await call(shortTimeoutMs)).toMatchObject({ kind: 'maybe_sent', code: 'Timeout' });
    expect(rpc.server.seen).toHaveLength(1);
  });

  it('times out after the headers', async () => {
    rpc.server.play((response) => {
      response.writeHead(200);
      response.write('{"RequestId":');
    });

    expect(await call(shortTimeoutMs)).toMatchObject({ kind: 'maybe_sent', code: 'Timeout' });
  });

  it('loses its socket when an answer drips on after the timeout', async () => {
    let isDripping = true;
    const closed = new Promise<void>((resolve) => {
      rpc.server.play(async (response) => {
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
    rpc.server.play((response) => response.socket?.end());

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });

  it('resets the connection', async () => {
    rpc.server.play((response) => response.socket?.resetAndDestroy());

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });

  it('cuts the body off', async () => {
    rpc.server.play((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"RequestId":', () => response.socket?.destroy());
    });

    expect(await call()).toMatchObject({ kind: 'maybe_sent', code: 'ConnectionReset' });
  });

  it('answers something that is not HTTP', async () => {
    rpc.server.play((response) => response.socket?.end('hello\r\n\r\n'));

    expect(await call()).toMatchObject({ kind: 'maybe_sent' });
  });

  it('refuses the connection: certainly not sent', async () => {
    await rpc.server.close();

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ConnectionFailed' });
  });

  it('refuses the connection on each address of a name: certainly not sent', async () => {
    const { port } = new URL(rpc.server.url);
    await rpc.server.close();
    rpc.client.close();
    rpc.client = clientFor(`http://localhost:${port}`);

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ConnectionFailed' });
  });

  it('does not know the host: certainly not sent', async () => {
    rpc.client.close();
    rpc.client = clientFor(`https://${'x'.repeat(64)}.invalid`);

    expect(await call()).toEqual({ kind: 'not_sent', code: 'ConnectionFailed' });
  });

  it('never makes the rpc.client ask twice', async () => {
    rpc.server.play(refusal(503, 'ServiceUnavailable'), answer(200, fine));

    expect(await call()).toMatchObject({ kind: 'error', code: 'ServiceUnavailable' });
    expect(rpc.server.seen).toHaveLength(1);
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
    rpc.given = () =>
      Promise.resolve({
        accessKeyId: 'id',
        accessKeySecret: new Secret('key-secret'),
        securityToken: new Secret('planted-token'),
      });
  });

  it.each(places.flatMap((place) => echoes.map(([name, echo]) => [place, name, echo] as const)))(
    'in %s, as %s, is not in the answer',
    async (place, _name, echo) => {
      rpc.server.play((response, request) => {
        const body = { RequestId: requestId, Code: 'IllegalParam.LocalAsn', Message: 'x' };
        response.statusCode = 400;
        response.end(JSON.stringify({ ...body, [place]: echo(request) }));
      });

      const shown = inspect(await call(), { depth: 9, showHidden: true });

      expect(shown).not.toMatch(/pl(["%\\]|\\"|%22|%5C|%255C|%2522)+nt|planted-token|key-secret/i);
    },
  );

  it('is masked in the text of an ordinary error', async () => {
    rpc.server.play((response) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ Code: 'IllegalParam.Psk', Message: `bad value ${key}.` }));
    });

    expect(await call()).toMatchObject({ text: 'bad value ***.' });
  });

  it.each(['SignatureDoesNotMatch', 'IncompleteSignature', 'InvalidAccessKeyId.NotFound'])(
    'has no way out through the text of %s, which is dropped whole',
    async (code) => {
      rpc.server.play(refusal(400, code, 'server string to sign is: POST&%2F&…'));

      expect(await call()).toMatchObject({ kind: 'error', code, text: null });
    },
  );

  it('has no way out through a text that quotes the string to sign under another code', async () => {
    rpc.server.play(refusal(400, 'Surprise', 'server string to sign is: POST&%2F&AccessKeyId%3Dx'));

    expect(await call()).toMatchObject({ kind: 'error', code: 'Surprise', text: null });
  });

  it('is not in an HTML page that is passed on', async () => {
    rpc.server.play((response, { body }) => response.end(`<html>${body}</html>`));

    expect(inspect(await call(), { depth: 9 })).not.toMatch(/pl.{0,3}nt|html/);
  });
});
