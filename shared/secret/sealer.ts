import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { AppError } from '../platform/errors.ts';
import type { Random } from '../platform/random.ts';
import { Secret } from '../platform/secret.ts';
import { reveal } from '../platform/secret-reveal.ts';

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/** Wraps secrets for storage. An envelope opens only under a key it was sealed with, and in the same context. */
export interface Sealer {
  /** The secret as text that may be stored: AES-256-GCM, fresh IV, `context` authenticated with it. */
  seal(secret: Secret, context: string): string;
  /** The secret again. Raises `internal` when key or context differ or the envelope was altered. */
  open(envelope: string, context: string): Secret;
  /** What every envelope begins with that this sealer seals; it names the key without telling anything of it. */
  sealedPrefix: string;
}

/** A key by the name that stands in its envelopes. */
interface NamedKey {
  name: string;
  raw: Buffer;
}

/**
 * A sealer under one 32-byte key (base64). `others` are keys that open too, and never seal: the next one before a key is
 * replaced, the former one after it. Raises `invalid_configuration` for a key of another length.
 */
export function createSealer(key: Secret, random: Random, others: readonly Secret[] = []): Sealer {
  const sealing = namedKey(key);
  const opening = [sealing, ...others.map(namedKey)];
  const sealedPrefix = `v2.${sealing.name}.`;
  return {
    sealedPrefix,
    seal(secret, context) {
      const iv = random.bytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', sealing.raw, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(reveal(secret), 'utf8'), cipher.final()]);
      return `${sealedPrefix}${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`;
    },
    open(envelope, context) {
      const { name, bytes } = takeApart(envelope);
      for (const { raw } of opening.filter((each) => name === null || each.name === name)) {
        const opened = openWith(raw, bytes, context);
        if (opened !== null) return opened;
      }
      throw new AppError('internal', 'a stored secret does not open with the configured key');
    },
  };
}

/** The name is a digest under the key itself, so that it shows nothing of it and needs no bookkeeping. */
function namedKey(key: Secret): NamedKey {
  const raw = Buffer.from(reveal(key), 'base64');
  if (raw.length !== keyBytes) {
    throw new AppError('invalid_configuration', 'SECRETS_KEY must be 32 bytes in base64');
  }
  const name = createHmac('sha256', raw).update('lanekeeper key name').digest('base64url');
  return { name: name.slice(0, 8), raw };
}

/** Envelopes of the first version name no key. */
function takeApart(envelope: string): { name: string | null; bytes: Buffer } {
  const [, name = null, body = ''] = /^(?:v2\.([\w-]{8})\.|v1\.)([\w-]*)$/.exec(envelope) ?? [];
  return { name, bytes: Buffer.from(body, 'base64url') };
}

function openWith(key: Buffer, bytes: Buffer, context: string): Secret | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    }).setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    const body = decipher.update(bytes.subarray(ivBytes + tagBytes));
    return new Secret(Buffer.concat([body, decipher.final()]).toString('utf8'));
  } catch {
    return null;
  }
}
