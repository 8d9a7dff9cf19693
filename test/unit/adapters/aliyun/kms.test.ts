import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KMS_KEY_ID } from '../../../../local/simulator/kms/account.ts';
import { type SimulatorServer, startSimulatorServer } from '../../../../local/simulator/server.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
} from '../../../../local/simulator/simulator.ts';
import { createKmsClient, type KmsClient } from '../../../../shared/adapters/aliyun/kms-client.ts';
import { createKmsKeyWrapper } from '../../../../shared/adapters/aliyun/kms-key-wrapper.ts';
import { openKmsSecrets } from '../../../../shared/adapters/aliyun/kms-secret-reader.ts';
import { systemRandom as random } from '../../../../shared/platform/random.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { reveal } from '../../../../shared/platform/secret-reveal.ts';
import type { KeyringStore } from '../../../../shared/secret/keyring-store.ts';
import { openSealer } from '../../../../shared/secret/open-sealer.ts';
import { createRecordingLogger } from '../../../helpers/recording-logger.ts';

const regionId = 'cn-hangzhou';
const key = {
  accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
  accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
  securityToken: null,
};
const pauses: number[] = [];
/** The real time, but nobody waits. */
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms: number) => void pauses.push(ms),
};
const { logger, lines } = createRecordingLogger();
let simulator: Simulator;
let server: SimulatorServer;
let client: KmsClient;

beforeEach(async () => {
  pauses.length = 0;
  lines.length = 0;
  simulator = createSimulator();
  server = await startSimulatorServer(simulator);
  const credentials = () => Promise.resolve(key);
  client = createKmsClient({ endpoint: server.url, credentials, clock, logger });
});
afterEach(async () => {
  client.close();
  await server.close();
});

function aKeyring(): KeyringStore & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async (name) => kept.get(name) ?? null,
    async putIfAbsent(name, sealed) {
      kept.set(name, kept.get(name) ?? sealed);
      return kept.get(name) ?? sealed;
    },
    publicKeys: async () => [],
  };
}

describe('a client of KMS', () => {
  it('repeats a call that may pass, twice and with pauses', async () => {
    simulator.kms.failNext('Decrypt', 'Rejected.Throttling', 5);

    const answer = await client.call('Decrypt', regionId, { CiphertextBlob: 'x' });

    expect(answer).toMatchObject({ kind: 'error', code: 'Rejected.Throttling' });
    expect(pauses).toEqual([200, 1_000]);
    expect(simulator.record.refusals('Rejected.Throttling')).toBe(3);
  });

  it('takes the answer of the repetition', async () => {
    simulator.kms.failNext('GenerateDataKey', 'InternalFailure');

    const answer = await client.call('GenerateDataKey', regionId, { KeyId: KMS_KEY_ID });

    expect(answer.kind).toBe('ok');
  });

  it('does not repeat a refusal', async () => {
    const answer = await client.call('GetSecretValue', regionId, { SecretName: 'none' });

    expect(answer).toMatchObject({ kind: 'error', code: 'Forbidden.ResourceNotFound' });
    expect(pauses).toEqual([]);
  });

  it('logs calls without anything that was sent or answered', async () => {
    const data = new Secret('HUSH');
    const SecretName = 'n';
    await client.call('CreateSecret', regionId, { SecretName, VersionId: 'v', SecretData: data });
    await client.call('GetSecretValue', regionId, { SecretName });

    expect(lines).toHaveLength(2);
    expect(lines.join()).not.toContain('HUSH');
  });
});

describe('a key that KMS wraps', () => {
  const secretsKey = { kind: 'kms', keyId: KMS_KEY_ID } as const;
  const keys = { secretsKey, secondSecretsKey: null };
  const deps = (keyring: KeyringStore) => {
    return { keyring, random, wrapper: createKmsKeyWrapper(client, regionId) };
  };

  it('is made once and stands in the keyring wrapped', async () => {
    const keyring = aKeyring();
    const first = await openSealer(keys, deps(keyring));
    const second = await openSealer(keys, deps(keyring));

    const envelope = first.seal(new Secret('hush'), 'c');

    expect(reveal(second.open(envelope, 'c'))).toBe('hush');
    expect([...keyring.kept.keys()]).toEqual([`wrapped/${KMS_KEY_ID}`]);
    expect(simulator.record.calls().find(({ action }) => action === 'GenerateDataKey')?.total).toBe(
      1,
    );
  });

  it('is the same for all that start at once', async () => {
    const keyring = aKeyring();

    const sealers = await Promise.all([1, 2, 3].map(() => openSealer(keys, deps(keyring))));

    expect(new Set(sealers.map(({ sealedPrefix }) => sealedPrefix)).size).toBe(1);
  });

  it('opens what a given key sealed, while that is the second', async () => {
    const raw = new Secret(random.bytes(32).toString('base64'));
    const given = { kind: 'raw', key: raw } as const;
    const before = await openSealer(
      { secretsKey: given, secondSecretsKey: null },
      deps(aKeyring()),
    );

    const after = await openSealer({ secretsKey, secondSecretsKey: given }, deps(aKeyring()));

    expect(reveal(after.open(before.seal(new Secret('hush'), 'c'), 'c'))).toBe('hush');
  });

  it('is told as unavailable, with the code of KMS, when the master key is not there', async () => {
    const unknown = { secretsKey: { kind: 'kms', keyId: 'none' }, secondSecretsKey: null } as const;

    await expect(openSealer(unknown, deps(aKeyring()))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('Forbidden.KeyNotFound'),
    });
  });
});

describe('a reader of kms-secret: references', () => {
  const access = () => ({ kmsEndpoint: server.url, regionId, credentials: key });

  beforeEach(async () => {
    const data = { SecretName: 'app/url', VersionId: 'v', SecretData: 'postgres://x' };
    await client.call('CreateSecret', regionId, data);
  });

  it('reads the current version with the access key of the environment', async () => {
    expect(await openKmsSecrets({ clock })(access())('app/url')).toBe('postgres://x');
  });

  it('prefers credentials that it is given', async () => {
    const credentials = () => Promise.resolve({ ...key, accessKeyId: 'LTAIother' });

    await expect(openKmsSecrets({ clock, credentials })(access())('app/url')).rejects.toMatchObject(
      {
        message: 'KMS said InvalidAccessKeyId.NotFound',
      },
    );
  });

  it.each([
    ['KMS_ENDPOINT is not set', { kmsEndpoint: null }],
    ['FC_REGION is not set', { regionId: null }],
    ['there is no role or access key', { credentials: null }],
  ])('says when %s', async (message, missing) => {
    const read = openKmsSecrets({ clock })({ ...access(), ...missing });

    await expect(read('app/url')).rejects.toMatchObject({ message });
  });

  it('says with what code KMS refused', async () => {
    await expect(openKmsSecrets({ clock })(access())('none')).rejects.toMatchObject({
      message: 'KMS said Forbidden.ResourceNotFound',
    });
  });
});
