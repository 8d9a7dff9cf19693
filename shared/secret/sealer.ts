import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AppError } from '../platform/errors.ts';
import type { Random } from '../platform/random.ts';
import { Secret } from '../platform/secret.ts';
import { reveal } from '../platform/secret-reveal.ts';

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/** Wraps secrets for storage. An envelope opens only under the key and the context it was sealed with. */
export interface Sealer {
  /** The secret as text that may be stored: AES-256-GCM, fresh IV, `context` authenticated with it. */
  seal(secret: Secret, context: string): string;
  /** The secret again. Raises `internal` when key or context differ or the envelope was altered. */
  open(envelope: string, context: string): Secret;
}

/** A sealer under one 32-byte key (`SECRETS_KEY`, base64). Raises `invalid_configuration` for another length. */
export function createSealer(key: Secret, random: Random): Sealer {
  const raw = Buffer.from(reveal(key), 'base64');
  if (raw.length !== keyBytes) {
    throw new AppError('invalid_configuration', 'SECRETS_KEY must be 32 bytes in base64');
  }
  return {
    seal(secret, context) {
      const iv = random.bytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', raw, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(reveal(secret), 'utf8'), cipher.final()]);
      return `v1.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(envelope, context) {
      const bytes = Buffer.from(envelope.replace(/^v1\./, ''), 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', raw, bytes.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      }).setAAD(Buffer.from(context));
      try {
        decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
        const body = decipher.update(bytes.subarray(ivBytes + tagBytes));
        return new Secret(Buffer.concat([body, decipher.final()]).toString('utf8'));
      } catch {
        throw new AppError('internal', 'a stored secret does not open with the configured key');
      }
    },
  };
}
