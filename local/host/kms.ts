import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsKeyWrapper } from '../../shared/adapters/aliyun/kms-key-wrapper.ts';
import type { CredentialsSource } from '../../shared/adapters/aliyun/rpc-client.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { KeyWrapper } from '../../shared/secret/key-wrapper.ts';

/** Where a laptop asks KMS when no region is configured. */
const usualRegion = 'cn-hangzhou';

/**
 * The master keys of the cloud that the host works on; `close` gives the connections back. Where there is no KMS, they
 * raise `invalid_configuration` when they are asked for something.
 */
export function openKeyWrapper(deps: {
  cloud: { kmsEndpoint: string | null; credentials: CredentialsSource };
  config: Pick<Config, 'cloud'>;
  clock: Clock;
  logger: Logger;
}): KeyWrapper & { close(): void } {
  const { cloud, config, clock, logger } = deps;
  const { kmsEndpoint: endpoint, credentials } = cloud;
  if (endpoint === null) return { makeKey: refuse, unwrapKey: refuse, close: () => undefined };
  const client = createKmsClient({ endpoint, credentials, clock, logger });
  const wrapper = createKmsKeyWrapper(client, config.cloud.regionId ?? usualRegion);
  return { ...wrapper, close: () => client.close() };
}

function refuse(): Promise<never> {
  const path = 'KMS_ENDPOINT';
  const message = 'is missing: SECRETS_KEY names a key in KMS, and VPC_ENDPOINT no simulator';
  const options = { faults: [{ path, message }] };
  return Promise.reject(new AppError('invalid_configuration', `${path} ${message}`, options));
}
