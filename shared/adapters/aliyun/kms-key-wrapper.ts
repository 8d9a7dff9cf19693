import { z } from 'zod';
import { AppError } from '../../platform/errors.ts';
import { Secret } from '../../platform/secret.ts';
import type { KeyWrapper } from '../../secret/key-wrapper.ts';
import type { KmsClient } from './kms-client.ts';

const Plaintext = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/)
  .transform((text) => new Secret(text));
const MadeKey = z.object({ Plaintext, CiphertextBlob: z.string().min(1) });
const OpenedKey = z.object({ Plaintext });

/** Authenticated with every wrapped key, so that KMS opens it for this purpose alone. Source: KMS, "EncryptionContext". */
const context = {
  EncryptionContext: JSON.stringify({ service: 'lanekeeper', purpose: 'secrets' }),
};

/** A master key in KMS of one region. See {@link KeyWrapper}. */
export function createKmsKeyWrapper(client: KmsClient, regionId: string): KeyWrapper {
  return {
    async makeKey(masterKeyId) {
      const params = { KeyId: masterKeyId, KeySpec: 'AES_256', ...context };
      const made = await ask(client, regionId, 'GenerateDataKey', params, MadeKey);
      return { key: made.Plaintext, wrapped: made.CiphertextBlob };
    },
    async unwrapKey(wrapped) {
      const params = { CiphertextBlob: wrapped, ...context };
      return (await ask(client, regionId, 'Decrypt', params, OpenedKey)).Plaintext;
    },
  };
}

async function ask<Body>(
  client: KmsClient,
  regionId: string,
  action: 'GenerateDataKey' | 'Decrypt',
  params: Readonly<Record<string, string>>,
  schema: z.ZodType<Body>,
): Promise<Body> {
  const answer = await client.call(action, regionId, params);
  if (answer.kind !== 'ok') {
    throw new AppError(
      'unavailable',
      `KMS did not do ${action} (${answer.code}); check SECRETS_KEY, the region and what the role may do`,
    );
  }
  const body = schema.safeParse(answer.body);
  if (body.success) return body.data;
  throw new AppError('unavailable', `KMS answered ${action} in a way that cannot be understood`);
}
