import { z } from 'zod';
import { Secret } from '../../platform/secret.ts';
import type { ListedVersion, SecretsManager, SecretsOutcome } from '../../sink/secrets-manager.ts';
import { type KmsActionName, type KmsClient, mayPass } from './kms-client.ts';
import type { RpcAnswer } from './rpc-answer.ts';
import type { RpcParams } from './serialize.ts';

type OkAnswer = Extract<RpcAnswer, { kind: 'ok' }>;
type NotOkAnswer = Exclude<RpcAnswer, OkAnswer>;

const SecretValue = z
  .object({ SecretData: z.string() })
  .transform(({ SecretData }) => new Secret(SecretData));

const VersionList = z
  .object({
    VersionIds: z.object({
      VersionId: z.array(
        z.object({
          VersionId: z.string(),
          CreateTime: z.string().transform(Date.parse).pipe(z.number()),
          VersionStages: z.object({ VersionStage: z.array(z.string()) }),
        }),
      ),
    }),
  })
  .transform(({ VersionIds }): readonly ListedVersion[] =>
    VersionIds.VersionId.map(({ VersionId: id, CreateTime: createdAt, VersionStages }) => ({
      id,
      createdAt,
      stages: VersionStages.VersionStage,
    })),
  );

const Nothing = z.unknown().transform(() => null);

/** More than a secret keeps, so that one page has all. Source: API document PutSecretValue, ten versions. */
const pageSize = 50;

/** KMS Secrets Manager. See {@link SecretsManager}. */
export function createKmsSecretsManager(client: KmsClient): SecretsManager {
  const ask = async <Value>(
    action: KmsActionName,
    regionId: string,
    params: RpcParams,
    schema: z.ZodType<Value>,
  ): Promise<SecretsOutcome<Value>> => {
    const answer = await client.call(action, regionId, params);
    return answer.kind === 'ok' ? read(answer, schema) : refusalOf(answer);
  };
  return {
    create: ({ regionId, name: SecretName }, { version, data, encryptionKeyId, instanceId }) => {
      const params = {
        SecretName,
        VersionId: version,
        SecretData: data,
        EncryptionKeyId: encryptionKeyId ?? undefined,
        DKMSInstanceId: instanceId ?? undefined,
      };
      return ask('CreateSecret', regionId, params, Nothing);
    },
    put: ({ regionId, name: SecretName }, { version, data, stages }) => {
      const VersionStages = JSON.stringify(stages);
      const params = { SecretName, VersionId: version, SecretData: data, VersionStages };
      return ask('PutSecretValue', regionId, params, Nothing);
    },
    read: ({ regionId, name: SecretName }, version) =>
      // Without a stage KMS would look for the current version and find that the two disagree.
      ask('GetSecretValue', regionId, { SecretName, VersionId: version }, SecretValue),
    versions: ({ regionId, name: SecretName }) => {
      const params = { SecretName, IncludeDeprecated: 'true', PageSize: pageSize };
      return ask('ListSecretVersionIds', regionId, params, VersionList);
    },
    moveStage: ({ regionId, name: SecretName }, stage, toVersion) => {
      const params = { SecretName, VersionStage: stage, MoveToVersion: toVersion };
      return ask('UpdateSecretVersionStage', regionId, params, Nothing);
    },
    removeStage: ({ regionId, name: SecretName }, stage, fromVersion) => {
      const params = { SecretName, VersionStage: stage, RemoveFromVersion: fromVersion };
      return ask('UpdateSecretVersionStage', regionId, params, Nothing);
    },
  };
}

function read<Value>(
  { body, requestId }: OkAnswer,
  schema: z.ZodType<Value>,
): SecretsOutcome<Value> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  const code = 'UnreadableAnswer';
  const message = 'KMS answered in a way that cannot be understood.';
  return { kind: 'failed', error: { code, message, isRetryable: false, requestId } };
}

/** Codes of the API document CreateSecret; everything else is told by its code. */
function refusalOf(answer: NotOkAnswer): SecretsOutcome<never> {
  if (answer.code === 'Forbidden.ResourceNotFound') return { kind: 'missing' };
  if (answer.code === 'Rejected.ResourceExist') return { kind: 'exists' };
  const isRetryable = mayPass(answer);
  const message = isRetryable
    ? 'KMS could not be reached or was busy; it is tried again.'
    : 'KMS refused; look the code up, and check what the role may do.';
  const requestId = 'requestId' in answer ? answer.requestId : null;
  return { kind: 'failed', error: { code: answer.code, message, isRetryable, requestId } };
}
