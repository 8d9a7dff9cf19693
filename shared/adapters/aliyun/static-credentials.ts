import type { Secret } from '../../platform/secret.ts';
import type { CredentialsSource } from './rpc-client.ts';

/** A source that always gives the same access key, from the configuration. */
export function staticCredentials(key: {
  accessKeyId: string;
  accessKeySecret: Secret;
  securityToken: Secret | null;
}): CredentialsSource {
  const { securityToken, ...rest } = key;
  return () => Promise.resolve({ ...rest, ...(securityToken ? { securityToken } : {}) });
}
