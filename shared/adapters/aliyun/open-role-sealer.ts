import type { Clock } from '../../platform/clock.ts';
import type { DeployedConfig } from '../../platform/config.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Random } from '../../platform/random.ts';
import type { KeyringStore } from '../../secret/keyring-store.ts';
import { openSealer } from '../../secret/open-sealer.ts';
import type { Sealer } from '../../secret/sealer.ts';
import { createKmsClient } from './kms-client.ts';
import { createKmsKeyWrapper } from './kms-key-wrapper.ts';
import type { CredentialsSource } from './rpc-client.ts';

/**
 * The sealer of a deployed function. Keys that KMS wraps are unwrapped with the role's credentials, here and never again.
 * Raises `unavailable` when KMS does not give them.
 */
export async function openRoleSealer(
  config: DeployedConfig,
  deps: {
    keyring: KeyringStore;
    credentials: CredentialsSource;
    clock: Clock;
    logger: Logger;
    random: Random;
  },
): Promise<Sealer> {
  const { keyring, random } = deps;
  const endpoint = config.cloud.kmsEndpoint ?? 'https://kms.{region}.aliyuncs.com';
  const client = createKmsClient({ endpoint, ...deps });
  try {
    const wrapper = createKmsKeyWrapper(client, config.cloud.regionId ?? '');
    return await openSealer(config, { keyring, wrapper, random });
  } finally {
    client.close();
  }
}
