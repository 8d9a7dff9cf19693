import type { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import type { CredentialsSource } from './rpc-client.ts';

/** A source that always gives the same access key, from the configuration. */
export function staticCredentials(key: {
  accessKeyId: string;
  accessKeySecret: Secret;
  securityToken: Secret | null;
}): CredentialsSource {
  const credentials = {
    accessKeyId: key.accessKeyId,
    accessKeySecret: reveal(key.accessKeySecret),
    ...(key.securityToken ? { securityToken: reveal(key.securityToken) } : {}),
  };
  return () => Promise.resolve(credentials);
}
