import core from '@alicloud/openapi-core';

import PopCore from '@alicloud/pop-core';
import { RuntimeOptions } from '@darabonba/typescript';
import { afterEach, describe, expect, it } from 'vitest';
import { KMS_KEY_ID } from '../../local/simulator/kms/account.ts';
import { type SimulatorServer, startSimulatorServer } from '../../local/simulator/server.ts';
import { createSimulator, DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';
import { aSmallInventory, REGION } from './cloud.ts';

type Call = (action: string, query: Record<string, string>) => Promise<Record<string, unknown>>;

const version = '2016-01-20';
const open: SimulatorServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function aServer(): Promise<SimulatorServer> {
  const server = await startSimulatorServer(createSimulator({ inventory: aSmallInventory() }));
  open.push(server);
  return server;
}

/** The official SDK's core, with parameters as `@alicloud/kms20160120` gives them; that one speaks HTTPS alone. */
async function currentSdk(): Promise<Call> {
  const { url } = await aServer();
  const client = new core.default(
    new core.$OpenApiUtil.Config({
      ...DEMO_ACCESS_KEY,
      endpoint: url.replace('http://', ''),
      protocol: 'HTTP',
      regionId: REGION,
    }),
  );
  return async (action, query) => {
    const params = new core.$OpenApiUtil.Params({
      action,
      version,
      protocol: 'HTTP',
      pathname: '/',
      method: 'POST',
      authType: 'AK',
      style: 'RPC',
      reqBodyType: 'formData',
      bodyType: 'json',
    });
    const request = new core.$OpenApiUtil.OpenApiRequest({ query });
    const runtime = new RuntimeOptions({});
    const { body } = await client.callApi(params, request, runtime);
    return body;
  };
}

async function olderSdk(): Promise<Call> {
  const { url } = await aServer();
  const client = new PopCore({ ...DEMO_ACCESS_KEY, endpoint: url, apiVersion: version });
  return (action, query) => client.request(action, query, { method: 'POST' });
}

describe.each([
  ['@alicloud/openapi-core, which signs in headers', currentSdk],
  ['@alicloud/pop-core, which signs in parameters', olderSdk],
])('KMS, seen by %s (BEHAVIOUR.md "KMS")', (_, connect) => {
  it('stores a secret, stages another version and makes it the current one', async () => {
    const call = await connect();
    const SecretName = 'vpn-psk/cn-hangzhou/vco-a';
    await call('CreateSecret', { SecretName, VersionId: 'v0', SecretData: '{"a":"~ !*()"}' });
    await call('PutSecretValue', {
      SecretName,
      VersionId: 'v1',
      SecretData: 'new',
      VersionStages: '["ACSPending"]',
    });

    const before = await call('GetSecretValue', { SecretName });
    await call('UpdateSecretVersionStage', {
      SecretName,
      VersionStage: 'ACSCurrent',
      MoveToVersion: 'v1',
    });

    expect(before.SecretData).toBe('{"a":"~ !*()"}');
    expect((await call('GetSecretValue', { SecretName })).SecretData).toBe('new');
  });

  it('wraps a data key and opens it again', async () => {
    const call = await connect();
    const context = { EncryptionContext: '{"service":"x"}' };
    const made = await call('GenerateDataKey', { KeyId: KMS_KEY_ID, ...context });

    const { Plaintext } = await call('Decrypt', {
      CiphertextBlob: String(made.CiphertextBlob),
      ...context,
    });

    expect(Plaintext).toBe(made.Plaintext);
  });

  it('rejects with the code of a refusal', async () => {
    const call = await connect();

    await expect(call('DescribeSecret', { SecretName: 'none' })).rejects.toMatchObject({
      code: 'Forbidden.ResourceNotFound',
    });
  });
});
