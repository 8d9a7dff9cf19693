import { z } from 'zod';
import { Secret } from '../secret.ts';

/** Where a key that wraps secrets comes from: it is given, or KMS keeps a key that wraps it. */
export type SecretsKeySource = { kind: 'raw'; key: Secret } | { kind: 'kms'; keyId: string };

const kmsKey = /^kms:((?:alias\/)?[\w/.:-]{1,128})$/;
const rawKey = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** 32 bytes in base64, or `kms:<key id>` with the id or `alias/…` of a symmetric key in KMS. */
export const SecretsKey = z
  .string()
  .refine(
    (text) => rawKey.test(text) || kmsKey.test(text),
    'must be 32 bytes in base64 (openssl rand -base64 32) or kms:<key id>',
  )
  .transform((text): SecretsKeySource => {
    const keyId = kmsKey.exec(text)?.[1];
    return keyId === undefined ? { kind: 'raw', key: new Secret(text) } : { kind: 'kms', keyId };
  });

/** Whether a value names a key in KMS, which is no secret. */
export function namesKmsKey(text: string | undefined): boolean {
  return text !== undefined && kmsKey.test(text);
}
