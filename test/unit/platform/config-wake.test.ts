import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../shared/platform/config.ts';
import { AppError } from '../../../shared/platform/errors.ts';

const secrets = {
  DATABASE_URL: 'postgres://u:p@db/lanekeeper',
  SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
  API_TOKENS: JSON.stringify([{ name: 'ops', sha256: '0'.repeat(64), roles: ['operator'] }]),
};
/** What Function Compute sets by itself. */
const platform = {
  FC_ACCOUNT_ID: '123456789',
  FC_REGION: 'cn-hangzhou',
  FC_FUNCTION_NAME: 'lanekeeper-submit',
};

async function wakeOf(environment: Record<string, string>, deployed = true) {
  const references = Object.fromEntries(
    Object.keys(secrets).map((name) => [name, `file:/run/${name}`]),
  );
  const readText = async (path: string): Promise<string> =>
    Object.entries(secrets).find(([name]) => path.endsWith(name))?.[1] ?? '';
  const all = deployed ? { ...references, ...environment } : environment;
  return (await loadConfig({ deployed, environment: all, readText })).wake;
}

async function faultsOf(environment: Record<string, string>, deployed = true) {
  const error = await wakeOf(environment, deployed).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof AppError ? error.faults.map(({ path }) => path) : null;
}

describe('how the worker is woken', () => {
  it('is within the process on a laptop, whatever the platform would say', async () => {
    expect(await wakeOf({}, false)).toEqual({ api: 'local' });
    expect(await wakeOf(platform, false)).toEqual({ api: 'local' });
  });

  it('needs no setting in Function Compute 3.0, which says all of it', async () => {
    expect(await wakeOf(platform)).toEqual({
      api: '2023-03-30',
      endpoint: 'https://123456789.cn-hangzhou.fc.aliyuncs.com',
      functionName: 'lanekeeper-worker',
    });
  });

  it.each(['chatops', 'scheduler', 'status', 'submit', 'worker'])(
    'is told from the name of the function %s',
    async (name) => {
      const wake = await wakeOf({ ...platform, FC_FUNCTION_NAME: `a_worker-${name}` });

      expect(wake).toMatchObject({ functionName: 'a_worker-worker' });
    },
  );

  it('is by service and function with API 2016-08-15', async () => {
    const wake = await wakeOf({
      ...platform,
      FC_API: '2016-08-15',
      FC_ENDPOINT: 'https://123456789.{region}-internal.fc.aliyuncs.com/',
      FC_WORKER_SERVICE: 'vpn',
      FC_WORKER_FUNCTION: 'worker',
    });

    expect(wake).toEqual({
      api: '2016-08-15',
      endpoint: 'https://123456789.cn-hangzhou-internal.fc.aliyuncs.com',
      accountId: '123456789',
      region: 'cn-hangzhou',
      serviceName: 'vpn',
      functionName: 'worker',
    });
  });

  it('is set under names that Function Compute lets users set, which go before its own', async () => {
    const wake = await wakeOf({
      ...platform,
      LANEKEEPER_FC_REGION: 'eu-central-1',
      LANEKEEPER_FC_WORKER_FUNCTION: 'elsewhere',
      LANEKEEPER_FC_API: '',
    });

    expect(wake).toEqual({
      api: '2023-03-30',
      endpoint: 'https://123456789.eu-central-1.fc.aliyuncs.com',
      functionName: 'elsewhere',
    });
  });

  it.each<[string, boolean, Record<string, string>, string[]]>([
    ['nothing at all', true, {}, ['FC_ACCOUNT_ID', 'FC_REGION', 'FC_WORKER_FUNCTION']],
    ['an API of no cloud', true, { ...platform, FC_API: '2021-04-06' }, ['FC_API']],
    [
      'a function whose name tells nothing',
      true,
      { ...platform, FC_FUNCTION_NAME: 'submitter' },
      ['FC_WORKER_FUNCTION'],
    ],
    [
      '2016-08-15 without a service',
      true,
      { ...platform, FC_API: '2016-08-15' },
      ['FC_WORKER_SERVICE'],
    ],
    [
      '2023-03-30, which has no services',
      true,
      { ...platform, FC_WORKER_SERVICE: 'vpn' },
      ['FC_WORKER_SERVICE'],
    ],
    [
      'local, with things that local has no use for',
      false,
      {
        FC_ENDPOINT: 'https://fc.example.com',
        FC_WORKER_SERVICE: 'vpn',
        FC_WORKER_FUNCTION: 'worker',
      },
      ['FC_ENDPOINT', 'FC_WORKER_SERVICE', 'FC_WORKER_FUNCTION'],
    ],
    [
      'names that would change a URL',
      true,
      { ...platform, FC_WORKER_FUNCTION: 'a/../b?x=1', FC_REGION: 'x.evil.example/#' },
      ['FC_REGION', 'FC_WORKER_FUNCTION'],
    ],
    [
      'plain http to another machine',
      true,
      { ...platform, FC_ENDPOINT: 'http://10.0.0.1' },
      ['FC_ENDPOINT'],
    ],
  ])('cannot be with %s', async (_, deployed, environment, paths) => {
    expect(await faultsOf(environment, deployed)).toEqual(paths);
  });
});
