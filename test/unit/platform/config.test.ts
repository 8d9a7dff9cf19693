import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { variableNames } from '../../../shared/platform/config/variables.ts';
import { loadConfig } from '../../../shared/platform/config.ts';
import { AppError, type Fault } from '../../../shared/platform/errors.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const tokens = JSON.stringify([
  { name: 'ops', sha256: createHash('sha256').update('t').digest('hex'), roles: ['operator'] },
]);
const files: Record<string, string> = {
  '/run/url': 'postgres://u:p@db/lanekeeper\n',
  '/run/key': `${key}\r\n`,
  '/run/tokens': tokens,
};

async function readText(path: string): Promise<string> {
  const text = files[path];
  if (text === undefined) throw new Error('no such file');
  return text;
}

function load(environment: Record<string, string>, deployed = false) {
  return loadConfig({ deployed, environment, readText });
}

async function faultsOf(environment: Record<string, string>, deployed = false) {
  const error = await load(environment, deployed).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error('the configuration was taken');
  expect(error.code).toBe('invalid_configuration');
  return error.faults;
}

const pathsOf = (faults: readonly Fault[]): string[] => faults.map(({ path }) => path);

/** What Function Compute sets by itself. */
const platform = {
  FC_ACCOUNT_ID: '123456789',
  FC_REGION: 'cn-hangzhou',
  FC_FUNCTION_NAME: 'lanekeeper-submit',
};
const deployedBy = {
  ...platform,
  DATABASE_URL: 'file:/run/url',
  SECRETS_KEY: 'file:/run/key',
  API_TOKENS: 'file:/run/tokens',
};

describe('loadConfig', () => {
  it('needs nothing on a laptop', async () => {
    expect(await load({})).toEqual({
      deployed: false,
      host: { address: '127.0.0.1', port: 8787, works: true },
      database: { url: null, dataDir: '.data' },
      tracing: null,
      cloud: { vpcEndpoint: null, kmsEndpoint: null, regionId: null, credentials: null },
      tokens: null,
      requestsPerMinute: 1200,
      secretsKey: null,
      secondSecretsKey: null,
      sinks: {},
      chat: {
        slack: { signingSecret: null, botToken: null },
        dingtalk: { appSecret: null, appKey: null },
        feishu: { callbacks: null, app: null },
        actors: [],
      },
      notify: {},
      worker: {
        pollIntervalMs: 3000,
        concurrency: 50,
        leaseSeconds: 30,
        writesPerMinute: 100,
        readsPerMinute: 480,
        budgetSeconds: 840,
      },
      wake: { api: 'local' },
      logLevel: 'info',
    });
  });

  it('counts an empty value as not set', async () => {
    const everythingEmpty = Object.fromEntries(variableNames.map((name) => [name, '']));

    expect(await load(everythingEmpty)).toEqual(await load({}));
  });

  it('reads every value that it knows', async () => {
    const config = await load({
      HOST: '0.0.0.0',
      PORT: '0',
      DATA_DIR: ':memory:',
      VPC_ENDPOINT: 'http://127.0.0.1:4000/',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'id',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'hush',
      POLL_INTERVAL_MS: '100',
      LEASE_SECONDS: '1',
      HOST_WORKER: 'off',
      FC_API: 'local',
      LOG_LEVEL: 'silent',
    });

    expect(config.host).toEqual({ address: '0.0.0.0', port: 0, works: false });
    expect(config.cloud.vpcEndpoint).toBe('http://127.0.0.1:4000');
    expect(config.cloud.credentials).toMatchObject({ accessKeyId: 'id', securityToken: null });
    expect(config.worker).toMatchObject({ pollIntervalMs: 100, leaseSeconds: 1 });
    expect(config.logLevel).toBe('silent');
  });

  it('tells every fault at once, by variable, and repeats no value', async () => {
    const bad = {
      HOST: 'HUSH HUSH',
      PORT: 'HUSH',
      DATABASE_URL: 'mysql://u:HUSH@db/x',
      VPC_ENDPOINT: 'http://HUSH.example.com',
      KMS_ENDPOINT: 'https://u:HUSH@example.com',
      ALIBABA_CLOUD_SECURITY_TOKEN: 'HUSH',
      API_TOKENS: '[{"name":"","sha256":"HUSH","roles":["HUSH"],"more":1}]',
      SECRETS_KEY: 'HUSH',
      FEISHU_APP_ID: 'HUSH',
      POLL_INTERVAL_MS: '0',
      WORKER_CONCURRENCY: '-1',
      LEASE_SECONDS: '0',
      WRITES_PER_MINUTE: '1.5',
      READS_PER_MINUTE: '1e3',
      WORKER_BUDGET_SECONDS: '',
      HOST_WORKER: 'HUSH',
      SINKS: '{HUSH',
      NOTIFY: '[]',
      FC_API: 'HUSH',
      LOG_LEVEL: 'HUSH',
    };

    const faults = await faultsOf(bad);

    expect(pathsOf(faults).sort()).toEqual(
      [
        'HOST',
        'PORT',
        'DATABASE_URL',
        'VPC_ENDPOINT',
        'KMS_ENDPOINT',
        'ALIBABA_CLOUD_ACCESS_KEY_ID',
        'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
        'API_TOKENS/0/name',
        'API_TOKENS/0/sha256',
        'API_TOKENS/0/roles/0',
        'API_TOKENS/0/more',
        'SECRETS_KEY',
        'FEISHU_APP_SECRET',
        'POLL_INTERVAL_MS',
        'WORKER_CONCURRENCY',
        'LEASE_SECONDS',
        'WRITES_PER_MINUTE',
        'READS_PER_MINUTE',
        'HOST_WORKER',
        'SINKS',
        'NOTIFY',
        'FC_API',
        'LOG_LEVEL',
      ].sort(),
    );
    expect(JSON.stringify(faults)).not.toContain('HUSH');
  });

  it.each([
    ['https://vpc.{region}.aliyuncs.com', true],
    ['https://vpc.cn-hangzhou.aliyuncs.com/', true],
    ['http://localhost:4010', true],
    ['http://[::1]:4010', true],
    ['http://10.0.0.1', false],
    ['http://localhost.example.com', false],
    ['http://127.0.0.1.example.com', false],
    ['https://example.com/path', false],
    ['https://example.com?x=1', false],
    ['ftp://example.com', false],
    ['example.com', false],
  ])('judges %s as an endpoint: %s', async (endpoint, good) => {
    const outcome = await load({ VPC_ENDPOINT: endpoint }).then(
      () => true,
      () => false,
    );

    expect(outcome).toBe(good);
  });

  it.each([
    ['httpx', false],
    ['httpx:body', false],
    ['app, *', false],
    ['httpx:*', false],
    ['*:body', false],
    ['lambda', false],
    ['lam*', false],
    ['app:*', true],
    ['-httpx', true],
    ['express:router', true],
  ])('judges DEBUG=%s, which could print keys: %s', async (patterns, good) => {
    const outcome = await load({ DEBUG: patterns }).then(
      () => true,
      () => false,
    );

    expect(outcome).toBe(good);
  });

  it.each([
    ['31 bytes', Buffer.alloc(31).toString('base64')],
    ['33 bytes', Buffer.alloc(33).toString('base64')],
    ['64 bytes', Buffer.alloc(64).toString('base64')],
    ['base64url', Buffer.alloc(32, 0xfb).toString('base64url')],
    ['stray bits', `${'A'.repeat(42)}B=`],
  ])('refuses a SECRETS_KEY of %s', async (_, value) => {
    expect(pathsOf(await faultsOf({ SECRETS_KEY: value }))).toEqual(['SECRETS_KEY']);
  });

  it.each([
    ['not JSON', '[{]'],
    ['an empty list', '[]'],
    ['an object', '{}'],
    ['the same name twice', `[${tokens.slice(1, -1)},${tokens.slice(1, -1)}]`],
  ])('refuses API_TOKENS with %s', async (_, value) => {
    expect(new Set(pathsOf(await faultsOf({ API_TOKENS: value })))).toEqual(
      new Set(['API_TOKENS']),
    );
  });

  it('takes a value from the file that a reference names', async () => {
    const config = await load(deployedBy, true);

    expect(config.tokens).toHaveLength(1);
    expect(config.cloud.vpcEndpoint).toBe('https://vpc.{region}.aliyuncs.com');
    expect(JSON.stringify(config)).not.toMatch(/postgres:|p@db/);
    expect(JSON.stringify(config)).not.toContain(key);
  });

  it('names the variable whose file cannot be read', async () => {
    expect(await faultsOf({ SECRETS_KEY: 'file:/nowhere', PORT: 'x' })).toEqual([
      { path: 'SECRETS_KEY', message: 'names a file that cannot be read' },
      { path: 'PORT', message: 'must be a whole number from 0 to 65535' },
    ]);
  });

  it('knows keys in KMS, which are no secrets and need no reference', async () => {
    const key = { SECRETS_KEY: 'kms:key-1', SECRETS_KEY_SECOND: 'kms:alias/lanekeeper' };

    const config = await load({ ...deployedBy, ...key, FC_REGION: 'cn-hangzhou' }, true);

    expect(config.secretsKey).toEqual({ kind: 'kms', keyId: 'key-1' });
    expect(config.secondSecretsKey).toEqual({ kind: 'kms', keyId: 'alias/lanekeeper' });
    expect(config.cloud.regionId).toBe('cn-hangzhou');
  });

  it('wants the region in which a key in KMS is asked for, unless the cloud is simulated', async () => {
    const missing = [{ path: 'FC_REGION', message: expect.stringContaining('is missing') }];
    const key = { SECRETS_KEY: 'kms:key-1' };

    const { FC_REGION: _, ...nowhere } = deployedBy;
    expect(await faultsOf({ ...nowhere, ...key, FC_API: 'local' }, true)).toEqual(missing);
    expect(await faultsOf({ ...key, KMS_ENDPOINT: 'https://kms.example.com' })).toEqual(missing);
    expect((await load(key)).secretsKey).toEqual({ kind: 'kms', keyId: 'key-1' });
  });

  it.each(['kms:', 'kms:a b', `kms:${'k'.repeat(129)}`])(
    'refuses a SECRETS_KEY of %s',
    async (bad) => {
      expect(pathsOf(await faultsOf({ SECRETS_KEY: bad }))).toEqual(['SECRETS_KEY']);
    },
  );

  it('wants a second key by reference too when deployed', async () => {
    const faults = await faultsOf({ ...deployedBy, SECRETS_KEY_SECOND: key }, true);

    expect(faults).toEqual([
      { path: 'SECRETS_KEY_SECOND', message: expect.stringContaining('must be a reference') },
    ]);
  });

  it('requires its three secrets when deployed', async () => {
    expect(pathsOf(await faultsOf(platform, true))).toEqual([
      'DATABASE_URL',
      'SECRETS_KEY',
      'API_TOKENS',
    ]);
  });

  it('wants them by reference when deployed', async () => {
    const faults = await faultsOf({ ...deployedBy, SECRETS_KEY: key }, true);

    expect(faults).toEqual([
      { path: 'SECRETS_KEY', message: expect.stringContaining('must be a reference') },
    ]);
  });
});
