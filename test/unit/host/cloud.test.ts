import { describe, expect, it } from 'vitest';
import { configuredCloud, simulatedCloud } from '../../../local/host/cloud.ts';
import { loadConfig } from '../../../shared/platform/config.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { systemRandom as random } from '../../../shared/platform/random.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const key = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAIexample',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'example-secret',
};
const endpoint = 'https://vpc.{region}.aliyuncs.com';

function configOf(environment: Record<string, string>): ReturnType<typeof loadConfig> {
  return loadConfig({ deployed: false, environment });
}

describe('the cloud of the host', () => {
  it('is the configured one, with the configured key', async () => {
    const cloud = configuredCloud(await configOf({ VPC_ENDPOINT: endpoint, ...key }));

    expect(cloud).toMatchObject({ endpoint, simulatorUrl: null });
    await expect(cloud?.credentials()).resolves.toMatchObject({ accessKeyId: 'LTAIexample' });
  });

  it('is not guessed when an endpoint comes without a key', async () => {
    const config = await configOf({ VPC_ENDPOINT: endpoint });

    let raised: unknown;
    try {
      configuredCloud(config);
    } catch (error) {
      raised = error;
    }

    expect(raised).toBeInstanceOf(AppError);
    expect(raised).toMatchObject({
      code: 'invalid_configuration',
      faults: [
        { path: 'ALIBABA_CLOUD_ACCESS_KEY_ID' },
        { path: 'ALIBABA_CLOUD_ACCESS_KEY_SECRET' },
      ],
    });
  });

  it('is a simulated one without an endpoint, and a key that goes unused is told', async () => {
    const config = await configOf({ DATA_DIR: ':memory:', ...key });
    const { logger, lines } = createRecordingLogger();

    const none = configuredCloud(config);
    const cloud = await simulatedCloud({}, { config, random, logger });
    const health = await fetch(`${cloud.simulatorUrl}/_simulator/health`);
    await cloud.close();

    expect(none).toBeNull();
    expect(health.status).toBe(200);
    expect(lines.join()).toContain('access key is not used');
  });
});
