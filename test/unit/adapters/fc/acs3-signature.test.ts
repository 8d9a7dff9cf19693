import { Readable } from 'node:stream';
import sdk from '@alicloud/fc20230330';
import core from '@alicloud/openapi-core';
import { RuntimeOptions } from '@darabonba/typescript';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acs3Headers } from '../../../../shared/adapters/fc/acs3-signature.ts';
import { createFc3Tasks } from '../../../../shared/adapters/fc/fc3-tasks.ts';
import { systemRandom as random } from '../../../../shared/platform/random.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';
import {
  answer,
  type ScriptedServer,
  type SeenRequest,
  startScriptedServer,
} from '../../../helpers/scripted-http-server.ts';

const secret = 'a-secret-of-the-test';
const id = 'now_job_1';
const body = '{"kind":"wake"}';

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
  server.play(answer(202, ''));
});
afterEach(() => server.close());

/** What the official client sends for an invocation. */
async function officialRequest(call: {
  functionName: string;
  token?: string;
  qualifier?: string;
}): Promise<SeenRequest> {
  const { functionName, token, qualifier } = call;
  const client = new sdk.default(
    new core.$OpenApiUtil.Config({
      accessKeyId: 'STS.key',
      accessKeySecret: secret,
      ...(token === undefined ? {} : { securityToken: token }),
      endpoint: new URL(server.url).host,
      protocol: 'HTTP',
    }),
  );
  await client.invokeFunctionWithOptions(
    functionName,
    new sdk.InvokeFunctionRequest({
      body: Readable.from([Buffer.from(body)]),
      ...(qualifier === undefined ? {} : { qualifier }),
    }),
    new sdk.InvokeFunctionHeaders({
      xFcInvocationType: 'Async',
      xFcAsyncTaskId: id,
      commonHeaders: { 'x-fc-async-delay': '30' },
    }),
    new RuntimeOptions({}),
  );
  return lastSeen();
}

async function ownRequest(token: string | null): Promise<SeenRequest> {
  const start = createFc3Tasks({
    endpoint: server.url,
    functionName: 'lk-worker',
    credentials: async () => ({
      accessKeyId: 'STS.key',
      accessKeySecret: new Secret(secret),
      securityToken: token === null ? null : new Secret(token),
    }),
    clock: new FakeClock(),
    random,
    timeoutMs: 1_000,
  });
  expect(await start({ id, delaySeconds: 30, event: body })).toEqual({ kind: 'accepted' });
  return lastSeen();
}

function lastSeen(): SeenRequest {
  const seen = server.seen.at(-1);
  if (seen === undefined) throw new Error('nothing was sent');
  return seen;
}

/** The signature that we would have made of a request that somebody else signed. */
function signedAgain({ method, url, headers }: SeenRequest): Record<string, string> {
  const { pathname, searchParams } = new URL(url, server.url);
  const { authorization: _, 'x-acs-content-sha256': __, ...unsigned } = headers;
  const given = Object.fromEntries(
    Object.entries(unsigned).map(([name, value]) => [name, String(value)]),
  );
  return acs3Headers(
    { method, path: pathname, query: Object.fromEntries(searchParams), headers: given, body },
    { id: 'STS.key', secret },
  );
}

describe('the signature of API 2023-03-30', () => {
  it.each([
    ['plain', { functionName: 'lk-worker' }],
    ['with a temporary key', { functionName: 'lk-worker', token: 'a/token+of=it' }],
    ['of a version', { functionName: 'lk-worker', qualifier: '3' }],
    ['of an alias with signs to encode', { functionName: 'lk-worker', qualifier: "a*b'(c)!d e/f" }],
    ['of a function that came from 2.0', { functionName: 'vpn$lk-worker' }],
  ])('is that of the official client, byte for byte: %s', async (_, call) => {
    const official = await officialRequest(call);

    expect(official.body).toBe(body);
    expect(signedAgain(official)).toEqual({
      authorization: official.headers.authorization,
      'x-acs-content-sha256': official.headers['x-acs-content-sha256'],
    });
  });

  it.each([
    ['a long-lived key', null],
    ['a temporary key', 'a/token+of=it'],
  ])(
    'comes with the same headers and address as from the official client: %s',
    async (_, token) => {
      const official = await officialRequest({
        functionName: 'lk-worker',
        ...(token === null ? {} : { token }),
      });
      const own = await ownRequest(token);

      const changing = /^(x-acs-date|x-acs-signature-nonce|authorization)$/;
      // How the client names itself, where its keys come from, and how it frames the body.
      const theirs = /^(user-agent|x-acs-credentials-provider|transfer-encoding|connection)$/;
      const expected = Object.entries(official.headers).filter(
        ([name]) => !changing.test(name) && !theirs.test(name),
      );
      expect(own.headers).toMatchObject(Object.fromEntries(expected));
      expect(own).toMatchObject({ method: official.method, url: official.url, body });
    },
  );
});
