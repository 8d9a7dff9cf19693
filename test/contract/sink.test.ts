import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KMS_KEY_ID } from '../../local/simulator/kms/account.ts';
import { startSimulatorServer } from '../../local/simulator/server.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
} from '../../local/simulator/simulator.ts';
import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsSecretsManager } from '../../shared/adapters/aliyun/kms-secrets-manager.ts';
import { createSinks } from '../../shared/adapters/sinks/create-sinks.ts';
import { Sinks } from '../../shared/platform/config/sinks.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import type { SecretsManager } from '../../shared/sink/secrets-manager.ts';
import { placeOf, type Sink } from '../../shared/sink/sink.ts';
import { startReceiver } from '../helpers/receiver.ts';
import { aDelivery, defineSinkContract, type SinkSubject, valuesOf } from './sink-contract.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** The real time, but nobody waits for retries; what is waited for until it is called off never comes. */
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (_ms: number, signal?: AbortSignal): Promise<void> =>
    signal
      ? new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      : Promise.resolve(),
};

const noSecrets = createKmsSecretsManager({
  call: () => Promise.reject(new Error('nobody asks KMS')),
  close: () => undefined,
});

function aSink(settings: unknown, secrets = noSecrets): Sink {
  const parsed = Sinks.parse({ it: settings });
  const deps = { clock, random, secrets };
  const sink = createSinks(parsed, deps).get('it');
  if (!sink) throw new Error('there is no such sink');
  return sink;
}

const keyIn = (document: string): unknown => JSON.parse(document).values?.['IkeConfig.Psk'];

/** Each call comes a second after the one before, as versions of one secret do. */
async function aKmsSubject(): Promise<
  SinkSubject & { simulator: Simulator; secrets: SecretsManager }
> {
  let seconds = 0;
  const simulator = createSimulator({
    clock: {
      now: () => {
        seconds += 1;
        return Date.UTC(2026, 0, 1) + seconds * 1_000;
      },
      sleep: () => Promise.resolve(),
    },
    signatureClock: { now: () => Date.now(), sleep: () => Promise.resolve() },
  });
  const server = await startSimulatorServer(simulator);
  const client = createKmsClient({
    endpoint: server.url,
    credentials: () =>
      Promise.resolve({
        accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
        accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
      }),
    clock,
  });
  closers.push(
    async () => client.close(),
    () => server.close(),
  );
  const secrets = createKmsSecretsManager(client);
  return {
    simulator,
    secrets,
    sink: aSink({ type: 'kms' }, secrets),
    seen: async (delivery) =>
      simulator.kms
        .versions(delivery.regionId, placeOf(delivery))
        .filter(({ id }) => id !== 'none')
        .map(({ id, data, stages }) => ({
          version: id,
          key: keyIn(data),
          stage: kmsStage(stages),
        })),
  };
}

function kmsStage(stages: readonly string[]): string {
  if (stages.includes('ACSCurrent')) return 'current';
  return stages.includes('ACSPending') ? 'pending' : 'none';
}

async function aWebhookSubject(): Promise<SinkSubject> {
  const receiver = await startReceiver();
  closers.push(() => receiver.close());
  const { url, signingSecret, encryptionKey } = receiver;
  const settings = { type: 'webhook', url, signingSecret, encryptionKey };
  return {
    sink: aSink({ ...settings, allowedPrivateHosts: ['127.0.0.1'] }),
    seen: async () =>
      [...receiver.versions].map(([version, { stage, values }]) => ({
        version,
        key: Reflect.get(Object(values), 'IkeConfig.Psk'),
        stage,
      })),
  };
}

async function aFileSubject(): Promise<SinkSubject & { directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-sink-'));
  closers.push(() => rm(directory, { recursive: true }));
  return {
    directory,
    sink: aSink({ type: 'file', directory }),
    seen: async (delivery) => {
      const text = await readFile(join(directory, `${placeOf(delivery)}.json`), 'utf8');
      const versions: { version: string; stage: string; document: string }[] = JSON.parse(text);
      return versions.map(({ version, stage, document }) => ({
        version,
        key: keyIn(document),
        stage,
      }));
    },
  };
}

describe('a sink to KMS', () => {
  defineSinkContract(aKmsSubject);

  it('gives nothing to who asks for the current version before the first one is proved', async () => {
    const { sink, simulator } = await aKmsSubject();
    await sink.deliver(aDelivery(), valuesOf('HUSH'));

    const [first] = simulator.kms.versions('cn-hangzhou', 'vpn-psk/cn-hangzhou/vco-a/tun-1');

    expect(first).toEqual({ id: 'none', data: '{"values":{}}', stages: ['ACSCurrent'] });
  });

  it.each([
    ['Rejected.Throttling', true],
    ['InternalFailure', true],
    ['Forbidden.NoPermission', false],
  ])('tells %s with its code and whether it may pass', async (code, isRetryable) => {
    const { sink, simulator } = await aKmsSubject();
    simulator.kms.failNext('PutSecretValue', code, 3);

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      kind: 'failed',
      error: { code, isRetryable, requestId: expect.any(String) },
    });
  });

  it('ends a promotion that was cut off between its two calls', async () => {
    const { sink, secrets, simulator } = await aKmsSubject();
    await sink.deliver(aDelivery(), valuesOf('k'));
    const ref = { regionId: 'cn-hangzhou', name: placeOf(aDelivery()) };
    await secrets.moveStage(ref, 'ACSCurrent', aDelivery().version);

    expect(await sink.promote(aDelivery())).toEqual({ kind: 'done' });

    const stages = simulator.kms.versions(ref.regionId, ref.name).map((each) => each.stages);
    expect(stages).toEqual([['ACSPrevious'], ['ACSCurrent']]);
  });

  it('keeps all secrets in one region when told to, with the key that is named', async () => {
    const { secrets, simulator } = await aKmsSubject();
    const sink = aSink(
      { type: 'kms', regionId: 'eu-central-1', encryptionKeyId: KMS_KEY_ID },
      secrets,
    );
    const unknownKey = aSink({ type: 'kms', encryptionKeyId: 'none' }, secrets);

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toEqual({ kind: 'delivered' });

    expect(simulator.kms.names('eu-central-1')).toEqual(['vpn-psk/cn-hangzhou/vco-a/tun-1']);
    expect(await unknownKey.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      error: { code: 'Forbidden.KeyNotFound', isRetryable: false },
    });
  });
});

describe('a sink to a webhook', () => {
  defineSinkContract(aWebhookSubject);
});

describe('a sink to files', () => {
  defineSinkContract(aFileSubject);

  it('writes files and folders that their owner alone can read', async () => {
    const { sink, directory } = await aFileSubject();
    await sink.deliver(aDelivery(), valuesOf('k'));

    const modeOf = async (path: string) => (await stat(join(directory, path))).mode & 0o777;

    expect(await modeOf('vpn-psk/cn-hangzhou/vco-a/tun-1.json')).toBe(0o600);
    expect(await modeOf('vpn-psk/cn-hangzhou/vco-a')).toBe(0o700);
  });

  it('says that a file cannot be written, and goes on with the next one', async () => {
    const { sink } = await aFileSubject();
    await sink.deliver(aDelivery(), valuesOf('k'));
    const inTheWay = { ...aDelivery(), vpnConnectionId: 'vco-a/tun-1.json' };

    expect(await sink.deliver(inTheWay, valuesOf('k'))).toMatchObject({
      kind: 'failed',
      error: { code: 'Unwritable' },
    });
    expect((await sink.deliver(aDelivery('chg_3'), valuesOf('k'))).kind).toBe('delivered');
  });
});
