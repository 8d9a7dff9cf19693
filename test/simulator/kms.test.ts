import { describe, expect, it } from 'vitest';
import { REGION } from './cloud.ts';
import { aKms, aKmsWithSecret, type Kms, secret } from './kms-cloud.ts';

const day = 86_400_000;

const stagesIn = ({ simulator }: Kms) =>
  simulator.kms
    .versions(REGION, secret.SecretName)
    .map(({ id, stages }) => [id, ...stages].join(' '));

describe('secrets (BEHAVIOUR.md "KMS")', () => {
  it('begins a secret with its first version as the current one', async () => {
    const kms = aKms();

    const made = await kms.call('CreateSecret', { ...secret, VersionId: 'v0', SecretData: 'd' });

    expect(made).toMatchObject({ status: 200, ...secret, VersionId: 'v0', SecretType: 'Generic' });
    expect(await kms.call('GetSecretValue', secret)).toMatchObject({
      SecretData: 'd',
      SecretDataType: 'text',
      VersionStages: { VersionStage: ['ACSCurrent'] },
      CreateTime: '2026-01-02T03:04:05Z',
    });
  });

  it('moves the current stage to a new version and the previous one behind it', async () => {
    const kms = await aKmsWithSecret();

    await kms.put('v1');
    await kms.put('v2');

    expect(stagesIn(kms)).toEqual(['v0', 'v1 ACSPrevious', 'v2 ACSCurrent']);
  });

  it('gives a version the stages that are asked for, and then no other', async () => {
    const kms = await aKmsWithSecret();

    const answer = await kms.put('v1', 'd', ['ACSPending']);

    expect(answer).toMatchObject({ VersionStages: { VersionStage: ['ACSPending'] } });
    expect(stagesIn(kms)).toEqual(['v0 ACSCurrent', 'v1 ACSPending']);
  });

  it('takes stages in either of the documented forms', async () => {
    const kms = await aKmsWithSecret();

    await kms.call('PutSecretValue', {
      ...secret,
      VersionId: 'v1',
      SecretData: 'd',
      VersionStages: '{"VersionStage":["ACSPending"]}',
    });

    expect(stagesIn(kms)).toEqual(['v0 ACSCurrent', 'v1 ACSPending']);
  });

  it('ignores the same version with the same value, wherever its stages are by then', async () => {
    const kms = await aKmsWithSecret();
    await kms.put('v1', 'd', ['ACSPending']);
    await kms.put('v2', 'e', ['ACSPending']);

    const again = await kms.put('v1', 'd', ['ACSPending']);

    expect(again).toMatchObject({ status: 200, VersionStages: { VersionStage: [] } });
    expect(stagesIn(kms)).toEqual(['v0 ACSCurrent', 'v1', 'v2 ACSPending']);
  });

  it('rejects the same version with another value', async () => {
    const kms = await aKmsWithSecret();
    await kms.put('v1', 'd');

    expect(await kms.put('v1', 'e')).toMatchObject({ status: 409, Code: 'Rejected.ResourceExist' });
  });

  it('drops the earliest version when an eleventh comes, even the current one', async () => {
    const kms = await aKmsWithSecret();
    for (let number = 1; number <= 10; number += 1)
      await kms.put(`v${number}`, 'd', ['ACSPending']);

    expect(stagesIn(kms)).toHaveLength(10);
    expect(stagesIn(kms)[0]).toBe('v1');
    expect(await kms.call('GetSecretValue', secret)).toMatchObject({
      Code: 'Forbidden.ResourceNotFound',
    });
  });

  it('holds no more than eight stages', async () => {
    const kms = await aKmsWithSecret();

    const full = await kms.put('v1', 'd', ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);

    expect(full).toMatchObject({ status: 400, Code: 'Rejected.LimitExceeded' });
    expect(stagesIn(kms)).toEqual(['v0 ACSCurrent']);
  });

  it.each([
    [
      'moves',
      { VersionStage: 'ACSCurrent', MoveToVersion: 'v1' },
      'v0 ACSPrevious, v1 ACSCurrent ACSPending',
    ],
    ['removes', { VersionStage: 'ACSPending', RemoveFromVersion: 'v1' }, 'v0 ACSCurrent, v1'],
    ['adds', { VersionStage: 'mine', MoveToVersion: 'v1' }, 'v0 ACSCurrent, v1 ACSPending mine'],
    [
      'takes and gives',
      { VersionStage: 'ACSPending', RemoveFromVersion: 'v1', MoveToVersion: 'v0' },
      'v0 ACSCurrent ACSPending, v1',
    ],
  ])('%s a stage', async (_, update, after) => {
    const kms = await aKmsWithSecret();
    await kms.put('v1', 'd', ['ACSPending']);

    expect(await kms.call('UpdateSecretVersionStage', { ...secret, ...update })).toMatchObject({
      status: 200,
    });

    expect(stagesIn(kms).join(', ')).toBe(after);
  });

  it.each([
    ['neither version', { VersionStage: 'x' }, 'InvalidParameter'],
    [
      'no version for a stage of the system',
      { VersionStage: 'ACSCurrent', RemoveFromVersion: 'v0' },
      'InvalidParameter',
    ],
    [
      'a version that has not got it',
      { VersionStage: 'x', RemoveFromVersion: 'v0' },
      'InvalidParameter',
    ],
    [
      'an unknown version',
      { VersionStage: 'x', MoveToVersion: 'v9' },
      'Forbidden.ResourceNotFound',
    ],
  ])('refuses an update of a stage with %s', async (_, update, Code) => {
    const kms = await aKmsWithSecret();

    expect(await kms.call('UpdateSecretVersionStage', { ...secret, ...update })).toMatchObject({
      Code,
    });
    expect(stagesIn(kms)).toEqual(['v0 ACSCurrent']);
  });

  it('reads a version by its number, by a stage, and by both only when they agree', async () => {
    const kms = await aKmsWithSecret();
    await kms.put('v1', 'one', ['ACSPending']);
    const get = (by: Record<string, string>) => kms.call('GetSecretValue', { ...secret, ...by });

    expect(await get({ VersionId: 'v1' })).toMatchObject({ SecretData: 'one' });
    expect(await get({ VersionStage: 'ACSPending' })).toMatchObject({ SecretData: 'one' });
    expect(await get({ VersionId: 'v1', VersionStage: 'ACSCurrent' })).toMatchObject({
      Code: 'InvalidParameter',
    });
  });

  it('lists versions that have a stage, and all of them when asked', async () => {
    const kms = await aKmsWithSecret();
    await kms.put('v1');
    await kms.put('v2');

    const few = await kms.call('ListSecretVersionIds', secret);
    const all = await kms.call('ListSecretVersionIds', { ...secret, IncludeDeprecated: 'true' });

    expect([few.TotalCount, all.TotalCount]).toEqual([2, 3]);
    expect(all.VersionIds).toMatchObject({
      VersionId: [{ VersionId: 'v0', VersionStages: { VersionStage: [] } }, {}, {}],
    });
  });

  it('keeps regions apart, by host or by parameter', async () => {
    const kms = await aKmsWithSecret();

    const elsewhere = await kms.call('DescribeSecret', { ...secret, RegionId: 'eu-central-1' });

    expect(elsewhere).toMatchObject({ status: 404, Code: 'Forbidden.ResourceNotFound' });
    expect(await kms.call('DescribeSecret', secret)).toMatchObject({ status: 200 });
  });

  it('keeps a deleted secret for its window, and takes nothing for it meanwhile', async () => {
    const kms = await aKmsWithSecret();
    await kms.call('DeleteSecret', { ...secret, RecoveryWindowInDays: '7' });
    const leaving = { status: 409, Code: 'Rejected.ResourceInDeleteWindow' };
    const create = { ...secret, VersionId: 'v0', SecretData: 'd' };

    expect(await kms.put('v1')).toMatchObject(leaving);
    expect(await kms.call('CreateSecret', create)).toMatchObject(leaving);
    kms.clock.advance(7 * day);

    expect(await kms.call('CreateSecret', create)).toMatchObject({ status: 200 });
  });

  it.each([
    ['CreateSecret', { SecretName: 'a b', VersionId: 'v', SecretData: 'd' }, 'InvalidParameter'],
    [
      'CreateSecret',
      { SecretName: 'x'.repeat(193), VersionId: 'v', SecretData: 'd' },
      'InvalidParameter',
    ],
    [
      'CreateSecret',
      { SecretName: 'n', VersionId: 'v'.repeat(65), SecretData: 'd' },
      'InvalidParameter',
    ],
    [
      'CreateSecret',
      { SecretName: 'n', VersionId: 'v', SecretData: 'd'.repeat(30_721) },
      'InvalidParameter',
    ],
    ['CreateSecret', { SecretName: 'n', VersionId: 'v' }, 'MissingParameter'],
    [
      'CreateSecret',
      { SecretName: 'n', VersionId: 'v', SecretData: 'd', EncryptionKeyId: 'k' },
      'Forbidden.KeyNotFound',
    ],
    ['CreateSecret', { ...secret, VersionId: 'v', SecretData: 'd' }, 'Rejected.ResourceExist'],
    [
      'PutSecretValue',
      { SecretName: 'n', VersionId: 'v', SecretData: 'd' },
      'Forbidden.ResourceNotFound',
    ],
    [
      'PutSecretValue',
      { ...secret, VersionId: 'v', SecretData: 'd', VersionStages: '[]' },
      'InvalidParameter',
    ],
    ['GetSecretValue', { ...secret, VersionStage: 'none' }, 'Forbidden.ResourceNotFound'],
    ['RotateSecret', secret, 'InvalidApi.NotFound'],
  ])('refuses %s with %j', async (action, params, Code) => {
    const kms = await aKmsWithSecret();

    expect(await kms.call(action, params)).toMatchObject({ Code });
  });
});
