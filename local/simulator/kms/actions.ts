import { z } from 'zod';
import { invalid, type Parameters, requiredText } from '../parameters.ts';
import type { Json } from '../shapes.ts';
import type { KmsAccount } from './account.ts';
import { kmsFault } from './error-table.ts';
import {
  CURRENT,
  putVersion,
  type SecretVersion,
  type StoredSecret,
  stagesOf,
  updateStage,
  versionOf,
} from './secrets.ts';

/** What an action of KMS works with. */
export interface KmsContext {
  readonly account: KmsAccount;
  readonly params: Parameters;
  readonly regionId: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Gives the answer's body without `RequestId`. @throws ApiFault. */
export type KmsAction = (context: KmsContext) => Json;

const MAX_DATA_BYTES = 30_720;
const DAY_MS = 86_400_000;

/** `["A","B"]` or `{"VersionStage":["A","B"]}`: the documents show both. */
const Stages = z.union([
  z.array(z.string().min(1)),
  z.object({ VersionStage: z.array(z.string().min(1)) }).transform((list) => list.VersionStage),
]);

/** API document CreateSecret. */
export function createSecret(context: KmsContext): Json {
  const { account, params, regionId, now } = context;
  const name = secretName(params);
  const version = givenVersion(context);
  const encryptionKeyId = params.get('EncryptionKeyId') ?? '';
  if (encryptionKeyId !== '') account.keys.check(encryptionKeyId);
  if ((params.get('SecretType') || 'Generic') !== 'Generic') {
    throw kmsFault('Rejected.UnsupportedOperation', 'Only generic secrets are simulated.');
  }
  const known = account.find(regionId, name, now);
  if (known) {
    const isLeaving = known.plannedDeleteTime !== null;
    throw kmsFault(isLeaving ? 'Rejected.ResourceInDeleteWindow' : 'Rejected.ResourceExist');
  }
  const secret: StoredSecret = {
    name,
    description: params.get('Description') ?? '',
    encryptionKeyId,
    createTime: now,
    updateTime: now,
    plannedDeleteTime: null,
    versions: [],
    stages: new Map(),
  };
  putVersion(secret, version, [CURRENT]);
  account.add(regionId, secret);
  return {
    Arn: arnOf(regionId, name),
    SecretName: name,
    SecretType: 'Generic',
    VersionId: version.id,
  };
}

/** API document PutSecretValue. */
export function putSecretValue(context: KmsContext): Json {
  const secret = namedSecret(context);
  const version = givenVersion(context);
  putVersion(secret, version, givenStages(context.params));
  return {
    SecretName: secret.name,
    VersionId: version.id,
    VersionStages: { VersionStage: stagesOf(secret, version.id) },
  };
}

/** API document GetSecretValue. */
export function getSecretValue(context: KmsContext): Json {
  const { params } = context;
  const secret = namedSecret(context);
  const id = params.get('VersionId');
  const stage = params.get('VersionStage') || (id ? '' : CURRENT);
  const marked = stage === '' ? id : secret.stages.get(stage);
  if (id && marked !== id) throw invalid('VersionStage');
  const version = versionOf(secret, marked ?? '');
  return {
    SecretName: secret.name,
    SecretType: 'Generic',
    VersionId: version.id,
    VersionStages: { VersionStage: stagesOf(secret, version.id) },
    SecretData: version.data,
    SecretDataType: version.dataType,
    CreateTime: timeText(version.createTime),
  };
}

/** API document UpdateSecretVersionStage. */
export function updateSecretVersionStage(context: KmsContext): Json {
  const { params, now } = context;
  const secret = namedSecret(context);
  updateStage(secret, {
    stage: requiredText(params, 'VersionStage'),
    removeFrom: params.get('RemoveFromVersion') ?? '',
    moveTo: params.get('MoveToVersion') ?? '',
  });
  secret.updateTime = now;
  return { SecretName: secret.name };
}

/** API document ListSecretVersionIds. */
export function listSecretVersionIds(context: KmsContext): Json {
  const { params } = context;
  const secret = namedSecret(context);
  const hasAll = params.get('IncludeDeprecated') === 'true';
  const found = secret.versions.filter(({ id }) => hasAll || stagesOf(secret, id).length > 0);
  const [page, size] = [pageNumber(params, 'PageNumber', 1), pageNumber(params, 'PageSize', 20)];
  const shown = found.slice((page - 1) * size, page * size);
  return {
    SecretName: secret.name,
    PageNumber: page,
    PageSize: size,
    TotalCount: found.length,
    VersionIds: {
      VersionId: shown.map(({ id, createTime }) => ({
        VersionId: id,
        CreateTime: timeText(createTime),
        VersionStages: { VersionStage: stagesOf(secret, id) },
      })),
    },
  };
}

/** API document DescribeSecret. */
export function describeSecret({ account, params, regionId, now }: KmsContext): Json {
  const secret = account.find(regionId, secretName(params), now);
  if (!secret) throw kmsFault('Forbidden.ResourceNotFound');
  const { plannedDeleteTime } = secret;
  return {
    Arn: arnOf(regionId, secret.name),
    SecretName: secret.name,
    SecretType: 'Generic',
    Description: secret.description,
    EncryptionKeyId: secret.encryptionKeyId,
    CreateTime: timeText(secret.createTime),
    UpdateTime: timeText(secret.updateTime),
    ...(plannedDeleteTime === null ? {} : { PlannedDeleteTime: timeText(plannedDeleteTime) }),
  };
}

/** API document DeleteSecret: at once with `ForceDeleteWithoutRecovery`, else after 7 to 30 days, 30 unless given. */
export function deleteSecret(context: KmsContext): Json {
  const { account, params, regionId, now } = context;
  const secret = namedSecret(context);
  if (params.get('ForceDeleteWithoutRecovery') === 'true') account.remove(regionId, secret.name);
  else {
    const days = pageNumber(params, 'RecoveryWindowInDays', 30);
    if (days < 7 || days > 30) throw invalid('RecoveryWindowInDays');
    secret.plannedDeleteTime = now + days * DAY_MS;
  }
  const planned = secret.plannedDeleteTime;
  return {
    SecretName: secret.name,
    ...(planned === null ? {} : { PlannedDeleteTime: timeText(planned) }),
  };
}

/** API document GenerateDataKey. */
export function generateDataKey({ account, params }: KmsContext): Json {
  const keyId = requiredText(params, 'KeyId');
  const spec = params.get('KeySpec') || 'AES_256';
  const bytes = pageNumber(params, 'NumberOfBytes', spec === 'AES_128' ? 16 : 32);
  if (!['AES_256', 'AES_128'].includes(spec)) throw invalid('KeySpec');
  if (bytes > 1024) throw invalid('NumberOfBytes');
  const made = account.keys.generate(keyId, bytes, encryptionContext(params));
  return {
    KeyId: keyId,
    KeyVersionId: `${keyId}-1`,
    CiphertextBlob: made.ciphertext,
    Plaintext: made.plaintext.toString('base64'),
  };
}

/** API document Decrypt. */
export function decrypt({ account, params }: KmsContext): Json {
  const opened = account.keys.open(
    requiredText(params, 'CiphertextBlob'),
    encryptionContext(params),
  );
  return {
    KeyId: opened.keyId,
    KeyVersionId: `${opened.keyId}-1`,
    Plaintext: opened.plaintext.toString('base64'),
  };
}

function namedSecret({ account, params, regionId, now }: KmsContext): StoredSecret {
  return account.secret(regionId, secretName(params), now);
}

function secretName(params: Parameters): string {
  const name = requiredText(params, 'SecretName');
  if (/^[\w/+=.@-]{1,192}$/.test(name)) return name;
  throw invalid('SecretName');
}

function givenVersion({ params, now }: KmsContext): SecretVersion {
  const id = requiredText(params, 'VersionId');
  const data = requiredText(params, 'SecretData');
  const dataType = params.get('SecretDataType') || 'text';
  if (id.length > 64) throw invalid('VersionId');
  if (Buffer.byteLength(data) > MAX_DATA_BYTES) throw invalid('SecretData');
  if (!['text', 'binary'].includes(dataType)) throw invalid('SecretDataType');
  return { id, data, dataType, createTime: now };
}

function givenStages(params: Parameters): readonly string[] {
  const text = params.get('VersionStages');
  if (!text) return [CURRENT];
  const stages = Stages.safeParse(parsedJson(text));
  if (!stages.success || stages.data.length === 0) throw invalid('VersionStages');
  return stages.data;
}

/** The same pairs in whatever order are the same context. */
function encryptionContext(params: Parameters): string {
  const text = params.get('EncryptionContext');
  if (!text) return '';
  const pairs = z.record(z.string(), z.string()).safeParse(parsedJson(text));
  if (!pairs.success) throw invalid('EncryptionContext');
  const sorted = Object.entries(pairs.data).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(sorted);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pageNumber(params: Parameters, name: string, otherwise: number): number {
  const text = params.get(name);
  if (!text) return otherwise;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalid(name);
  return Number(text);
}

function arnOf(regionId: string, name: string): string {
  return `acs:kms:${regionId}:1234567890123456:secret/${name}`;
}

/** Whole seconds, as in every answer of KMS. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
