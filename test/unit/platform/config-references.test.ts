import { describe, expect, it } from 'vitest';
import { type KmsAccess, loadConfig, type OpenSecrets } from '../../../shared/platform/config.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { Secret } from '../../../shared/platform/secret.ts';

const readText = () => Promise.resolve('what a file holds');

describe('kms-secret: references', () => {
  const secrets: Record<string, string> = { 'lanekeeper/url': 'postgres://u:p@db/x\n' };
  const asked: { name: string; access: KmsAccess }[] = [];
  const openSecrets: OpenSecrets = (access) => async (name) => {
    asked.push({ name, access });
    const text = secrets[name];
    if (text === undefined)
      throw new AppError('unavailable', 'KMS said Forbidden.ResourceNotFound');
    return text;
  };
  const loadBy = (environment: Record<string, string>) =>
    loadConfig({ deployed: false, environment, readText, openSecrets });

  it('are read through the access that the other values give', async () => {
    const config = await loadBy({
      DATABASE_URL: 'kms-secret:lanekeeper/url',
      KMS_ENDPOINT: 'https://kms.example.com',
      FC_REGION: 'cn-hangzhou',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'id',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'file:/run/key',
    });

    expect(config.database.url).toBeInstanceOf(Secret);
    expect(asked.at(-1)).toMatchObject({
      name: 'lanekeeper/url',
      access: {
        kmsEndpoint: 'https://kms.example.com',
        regionId: 'cn-hangzhou',
        credentials: { accessKeyId: 'id' },
      },
    });
  });

  it('are faults of their variables when they cannot be read, all at once and without a value', async () => {
    const error = await loadBy({
      DATABASE_URL: 'kms-secret:none',
      API_TOKENS: 'kms-secret:none-either',
      PORT: 'x',
    }).catch((thrown: unknown) => thrown);

    const message = 'names a KMS secret that cannot be read: KMS said Forbidden.ResourceNotFound';
    expect(error).toMatchObject({
      faults: [
        { path: 'DATABASE_URL', message },
        { path: 'API_TOKENS', message },
        { path: 'PORT' },
      ],
    });
  });

  it('tell nothing of an error that somebody else threw', async () => {
    const error = await loadConfig({
      deployed: false,
      environment: { DATABASE_URL: 'kms-secret:x' },
      openSecrets: () => () => Promise.reject(new Error('HUSH')),
    }).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({
      faults: [{ path: 'DATABASE_URL', message: 'names a KMS secret that cannot be read' }],
    });
  });

  it('cannot name what is needed to reach KMS', async () => {
    await expect(loadBy({ KMS_ENDPOINT: 'kms-secret:lanekeeper/url' })).rejects.toMatchObject({
      faults: [{ path: 'KMS_ENDPOINT', message: expect.stringContaining('cannot come from KMS') }],
    });
  });
});
