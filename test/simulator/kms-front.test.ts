import { describe, expect, it } from 'vitest';
import { KMS_KEY_ID } from '../../local/simulator/kms/account.ts';
import { aCloud } from './cloud.ts';
import { aKms, aKmsWithSecret, secret } from './kms-cloud.ts';

describe('data keys (BEHAVIOUR.md "KMS")', () => {
  const context = { EncryptionContext: '{"a":"1","b":"2"}' };

  it('makes a key of 32 bytes that opens again, whatever the order of its context', async () => {
    const kms = aKms();
    const made = await kms.call('GenerateDataKey', { KeyId: KMS_KEY_ID, ...context });

    const opened = await kms.call('Decrypt', {
      CiphertextBlob: String(made.CiphertextBlob),
      EncryptionContext: '{"b":"2","a":"1"}',
    });

    expect(Buffer.from(String(made.Plaintext), 'base64')).toHaveLength(32);
    expect(opened).toMatchObject({ KeyId: KMS_KEY_ID, Plaintext: made.Plaintext });
  });

  it('makes another key each time', async () => {
    const kms = aKms();

    const keys = await Promise.all(
      [1, 2].map(() => kms.call('GenerateDataKey', { KeyId: KMS_KEY_ID })),
    );

    expect(new Set(keys.map(({ Plaintext }) => Plaintext)).size).toBe(2);
  });

  it('opens a key again after a restart with the same seed', async () => {
    const made = await aKms({ seed: 7 }).call('GenerateDataKey', { KeyId: KMS_KEY_ID });

    const CiphertextBlob = String(made.CiphertextBlob);

    expect(await aKms({ seed: 7 }).call('Decrypt', { CiphertextBlob })).toMatchObject({
      Plaintext: made.Plaintext,
    });
    expect(await aKms({ seed: 8 }).call('Decrypt', { CiphertextBlob })).toMatchObject({
      Code: 'InvalidParameter',
    });
  });

  it.each([
    ['GenerateDataKey', { KeyId: 'no-such-key' }, 'Forbidden.KeyNotFound'],
    ['GenerateDataKey', { KeyId: 'alias/none' }, 'Forbidden.AliasNotFound'],
    ['GenerateDataKey', { KeyId: KMS_KEY_ID, KeySpec: 'AES_512' }, 'InvalidParameter'],
    ['GenerateDataKey', { KeyId: KMS_KEY_ID, EncryptionContext: '[]' }, 'InvalidParameter'],
    ['Decrypt', { CiphertextBlob: 'bm9uZQ==' }, 'InvalidParameter'],
  ])('refuses %s with %j', async (action, params, Code) => {
    expect(await aKms().call(action, params)).toMatchObject({ Code });
  });

  it('opens nothing with another context', async () => {
    const kms = aKms();
    const made = await kms.call('GenerateDataKey', { KeyId: KMS_KEY_ID, ...context });

    const CiphertextBlob = String(made.CiphertextBlob);

    expect(await kms.call('Decrypt', { CiphertextBlob })).toMatchObject({
      Code: 'InvalidParameter',
    });
  });
});

describe('the front of KMS (BEHAVIOUR.md "KMS")', () => {
  it('checks signatures as the VPC API does, with one memory of nonces for both', async () => {
    const { call } = aCloud();
    const version = { Version: '2016-01-20' };
    await call('DescribeRegions', {}, { SignatureNonce: 'used' });

    const replayed = await call('DescribeSecret', secret, { ...version, SignatureNonce: 'used' });
    const forged = await call('DescribeSecret', secret, { ...version, Signature: 'no' });

    expect(replayed.body.Code).toBe('SignatureNonceUsed');
    expect(forged.body.Code).toBe('SignatureDoesNotMatch');
  });

  it('answers refusals in the shape of KMS', async () => {
    expect(await aKms().call('DescribeSecret', secret)).toMatchObject({
      HttpStatus: 404,
      Code: 'Forbidden.ResourceNotFound',
      Message: 'The resource is not found.',
      RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('fails the next calls of an action when told to, before they do anything', async () => {
    const kms = await aKmsWithSecret();
    kms.simulator.kms.failNext('PutSecretValue', 'Rejected.Throttling', 2);

    const answers = [await kms.put('v1'), await kms.put('v1'), await kms.put('v1')];

    expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
  });

  it('counts calls in the record, and holds no value there', async () => {
    const kms = await aKmsWithSecret();
    await kms.put('v1', 'HUSH');

    const snapshot = JSON.stringify(kms.simulator.record.snapshot());

    expect(snapshot).toContain('"action":"PutSecretValue","total":1,"answered":1');
    expect(snapshot).not.toContain('HUSH');
  });
});
