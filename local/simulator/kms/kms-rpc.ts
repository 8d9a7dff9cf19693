import { jsonAnswer, type SimulatorAnswer, type SimulatorRequest } from '../answers.ts';
import type { SimulatorClock } from '../clock.ts';
import { ApiFault } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import { requiredText } from '../parameters.ts';
import { requestIdOf } from '../random.ts';
import type { SimulatorRecord } from '../record.ts';
import type { SignatureCheck } from '../signature.ts';
import type { KmsAccount } from './account.ts';
import {
  createSecret,
  decrypt,
  deleteSecret,
  describeSecret,
  generateDataKey,
  getSecretValue,
  type KmsAction,
  listSecretVersionIds,
  putSecretValue,
  updateSecretVersionStage,
} from './actions.ts';

/** `Version` of the KMS API. */
export const KMS_VERSION = '2016-01-20';

/** Where a request goes that names no region, in its parameters or in its host. */
const DEFAULT_REGION = 'cn-hangzhou';

/** Ordinals of KMS requests are far from those of the VPC API, so that request ids stay apart. */
const FIRST_ORDINAL = 1_000_000_000;

const actions: Readonly<Record<string, KmsAction>> = {
  CreateSecret: createSecret,
  PutSecretValue: putSecretValue,
  GetSecretValue: getSecretValue,
  UpdateSecretVersionStage: updateSecretVersionStage,
  ListSecretVersionIds: listSecretVersionIds,
  DescribeSecret: describeSecret,
  DeleteSecret: deleteSecret,
  GenerateDataKey: generateDataKey,
  Decrypt: decrypt,
};

/** What the front of KMS is made of. */
export interface KmsParts {
  readonly clock: SimulatorClock;
  /** The time that requests are stamped with. */
  readonly signatureClock: SimulatorClock;
  readonly seed: number;
  readonly account: KmsAccount;
  readonly record: SimulatorRecord;
  readonly signatures: SignatureCheck;
}

/** Answers requests of the KMS API; `params` are those of query, body and headers. */
export function createKmsRpc(
  parts: KmsParts,
): (request: SimulatorRequest, params: Parameters) => SimulatorAnswer {
  let ordinal = FIRST_ORDINAL;
  return (request, params) => {
    ordinal += 1;
    const requestId = requestIdOf(parts.seed, ordinal).toLowerCase();
    const hostId = request.headers.host ?? 'kms.aliyuncs.com';
    const name = params.get('Action') ?? '';
    const label = Object.hasOwn(actions, name) ? name : 'unknown';
    const regionId = regionOf(request, params);
    try {
      const now = parts.clock.now();
      parts.record.arrived(regionId, label, now);
      const action = actions[requiredText(params, 'Action')];
      if (label === 'unknown' || !action) throw new ApiFault('InvalidApi.NotFound');
      parts.signatures.verify(request, params, parts.signatureClock.now());
      parts.account.checkFailures(name);
      const body = action({ account: parts.account, params, regionId, now });
      parts.record.answered(label);
      return jsonAnswer(200, { RequestId: requestId, ...body });
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      parts.record.refused(label, error.code);
      return jsonAnswer(error.status, {
        HttpStatus: error.status,
        Code: error.code,
        Message: error.message,
        RequestId: requestId,
        HostId: hostId,
      });
    }
  };
}

/** In the cloud the host alone says the region; one simulator has one host, so clients may name it as older SDKs do. */
function regionOf({ headers }: SimulatorRequest, params: Parameters): string {
  const named = /^kms\.([a-z0-9-]+)\.aliyuncs\.com$/.exec(headers.host ?? '')?.[1];
  return named ?? (params.get('RegionId') || DEFAULT_REGION);
}
