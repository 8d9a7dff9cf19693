import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { RpcAnswer } from './rpc-answer.ts';
import { type CredentialsSource, createRpcClient } from './rpc-client.ts';
import type { RpcParams } from './serialize.ts';

/** The actions of KMS that are called. All of them may be repeated: the same call again changes nothing more. */
export type KmsActionName =
  | 'CreateSecret'
  | 'Decrypt'
  | 'GenerateDataKey'
  | 'GetSecretValue'
  | 'ListSecretVersionIds'
  | 'PutSecretValue'
  | 'UpdateSecretVersionStage';

/** The KMS API through its RPC endpoint. */
export interface KmsClient {
  /** One call, repeated twice at most while what comes back says that it may pass. Raises what the RPC client raises. */
  call(action: KmsActionName, regionId: string, params: RpcParams): Promise<RpcAnswer>;
  /** Gives the connections back. */
  close(): void;
}

export interface KmsClientDeps {
  /** Base URL of KMS, in which `{region}` is replaced. */
  endpoint: string;
  credentials: CredentialsSource;
  clock: Clock;
  logger?: Logger;
}

const apiVersion = '2016-01-20';
const timeoutMs = 5_000;
const pausesMs = [200, 1_000];

/** See {@link KmsClient}. */
export function createKmsClient({
  endpoint,
  credentials,
  clock,
  logger,
}: KmsClientDeps): KmsClient {
  const client = createRpcClient({
    endpoint,
    apiVersion,
    credentials,
    defaultTimeoutMs: timeoutMs,
  });
  const callOnce: KmsClient['call'] = async (action, regionId, params) => {
    // The host says the region; the parameter is for stand-ins that have one host for all.
    const answer = await client.call(action, { RegionId: regionId, ...params }, { regionId });
    logger?.debug('called KMS', {
      action,
      regionId,
      kind: answer.kind,
      ...('code' in answer ? { code: answer.code } : {}),
      ...('requestId' in answer ? { requestId: answer.requestId } : {}),
    });
    return answer;
  };
  return {
    async call(...what) {
      for (const pauseMs of pausesMs) {
        const answer = await callOnce(...what);
        if (!mayPass(answer)) return answer;
        await clock.sleep(pauseMs);
      }
      return callOnce(...what);
    },
    close: () => client.close(),
  };
}

/** Flow control by name, because it comes with 400 as well as 429. Sources: KMS, "Sample responses" and CreateSecret. */
const passingCode = /^(Rejected\.)?Throttling/;

/** Whether the same call may succeed a little later. */
export function mayPass(answer: RpcAnswer): boolean {
  if (answer.kind === 'ok') return false;
  if (answer.kind === 'error') return answer.httpStatus >= 500 || passingCode.test(answer.code);
  return answer.code !== 'ClientClosed' && answer.code !== 'CredentialsUnavailable';
}
