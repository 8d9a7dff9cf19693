import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { OpenSecrets } from '../../platform/config.ts';
import { AppError } from '../../platform/errors.ts';
import { createKmsClient, type KmsClient } from './kms-client.ts';
import type { CredentialsSource } from './rpc-client.ts';
import { staticCredentials } from './static-credentials.ts';

const SecretValue = z.object({ SecretData: z.string(), SecretDataType: z.literal('text') });

/**
 * Reads what `kms-secret:NAME` references name: the current version of a generic secret. Credentials are those given here,
 * a role's, or else those of the environment. The reader rejects with an AppError that says what is missing.
 */
export function openKmsSecrets(deps: {
  clock: Clock;
  credentials?: CredentialsSource;
}): OpenSecrets {
  return (access) => (name) => {
    const { kmsEndpoint: endpoint, regionId, credentials: key } = access;
    const credentials = deps.credentials ?? (key ? staticCredentials(key) : null);
    if (endpoint === null) return unreadable('KMS_ENDPOINT is not set');
    if (regionId === null) return unreadable('FC_REGION is not set');
    if (credentials === null) return unreadable('there is no role or access key');
    return readOnce(createKmsClient({ endpoint, credentials, clock: deps.clock }), regionId, name);
  };
}

async function readOnce(client: KmsClient, regionId: string, name: string): Promise<string> {
  try {
    const answer = await client.call('GetSecretValue', regionId, { SecretName: name });
    if (answer.kind !== 'ok') return await unreadable(`KMS said ${answer.code}`);
    const body = SecretValue.safeParse(answer.body);
    return body.success ? body.data.SecretData : await unreadable('it is not a text');
  } finally {
    client.close();
  }
}

function unreadable(reason: string): Promise<never> {
  return Promise.reject(new AppError('unavailable', reason));
}
