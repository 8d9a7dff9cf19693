import type { ConnectionRef } from '../../connection/model.ts';
import type { DiagnosisQuery, NegotiationQuery } from '../../connection/negotiation.ts';
import {
  type CloudError,
  type ModifyOutcome,
  type ModifyRequest,
  modifyActionFor,
  pageSize,
  type ReadOutcome,
  type VpnAction,
  type VpnApi,
} from '../../connection/vpn-api.ts';
import type { Clock } from '../../platform/clock.ts';
import { unreachable } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { cloudErrorOf } from './error-table.ts';
import { modifyParamsOf } from './modify-params.ts';
import type { RpcAnswer } from './rpc-answer.ts';
import { type CredentialsSource, createRpcClient, type RpcClient } from './rpc-client.ts';
import type { RpcParams } from './serialize.ts';
import {
  parseConnection,
  parseConnectionPage,
  parseCustomerGatewayPage,
  parseGateway,
  parseGatewayPage,
  parseModified,
  parseModifiedTunnel,
} from './wire.ts';
import { parseDiagnoses, parseNegotiationPage } from './wire-negotiation.ts';

/** What calls need beside their transport. */
export interface VpnApiDeps {
  clock: Clock;
  logger?: Logger;
  /** How long a call may take. pop-core's own 3 s are short for changes (aliyun/aliyun-openapi-nodejs-sdk#16). */
  timeouts?: { readMs?: number; writeMs?: number };
}

export interface AliyunVpnApiDeps extends VpnApiDeps {
  /** Base URL of the VPC API, in which `{region}` is replaced. */
  endpoint: string;
  /** Asked before every request; must answer from memory. */
  credentials: CredentialsSource;
}

type OkAnswer = Extract<RpcAnswer, { kind: 'ok' }>;
type Call = (action: VpnAction, regionId: string, params: RpcParams) => Promise<RpcAnswer>;

const apiVersion = '2016-04-28';
const defaultReadMs = 10_000;
const defaultWriteMs = 15_000;

/** The VPC API through its RPC endpoint. `close` gives the connections back; calls after it are `not_sent`. */
export function createAliyunVpnApi(deps: AliyunVpnApiDeps): VpnApi & { close(): void } {
  const client = createRpcClient({
    endpoint: deps.endpoint,
    apiVersion,
    credentials: deps.credentials,
    defaultTimeoutMs: deps.timeouts?.readMs ?? defaultReadMs,
  });
  return { ...createVpnApiOver(client, deps), close: () => client.close() };
}

/** The VPC API over any transport of RPC calls. */
export function createVpnApiOver(client: Pick<RpcClient, 'call'>, deps: VpnApiDeps): VpnApi {
  const { readMs = defaultReadMs, writeMs = defaultWriteMs } = deps.timeouts ?? {};
  const callWithin =
    (timeoutMs: number): Call =>
    async (action, regionId, params) => {
      const startedAt = deps.clock.monotonic();
      const answer = await client.call(action, params, { regionId, timeoutMs });
      logCall(deps, action, regionId, answer, startedAt);
      return answer;
    };
  const read = callWithin(readMs);
  const write = callWithin(writeMs);

  return {
    listConnections: ({ regionId, vpnGatewayId, pageNumber }) =>
      readPage(
        read('DescribeVpnConnections', regionId, {
          RegionId: regionId,
          VpnGatewayId: vpnGatewayId,
          PageNumber: pageNumber,
          PageSize: pageSize,
        }),
        (body) => parseConnectionPage(body, regionId),
      ),
    listGateways: ({ regionId, status, pageNumber }) =>
      readPage(
        read('DescribeVpnGateways', regionId, {
          RegionId: regionId,
          Status: status,
          PageNumber: pageNumber,
          PageSize: pageSize,
        }),
        (body) => parseGatewayPage(body, regionId),
      ),
    listCustomerGateways: ({ regionId, pageNumber }) =>
      readPage(
        read('DescribeCustomerGateways', regionId, {
          RegionId: regionId,
          PageNumber: pageNumber,
          PageSize: pageSize,
        }),
        (body) => parseCustomerGatewayPage(body, regionId),
      ),
    connectionLogs: (query) => readLogs(read, query),
    diagnose: (query) => diagnose(read, query),
    describeConnection: (ref) => describeConnection(read, ref),
    describeGateway: (query) => describeGateway(read, query),
    modify: (request) => modify(write, request),
  };
}

async function readPage<Value>(
  pending: Promise<RpcAnswer>,
  parse: (body: OkAnswer['body'], answer: OkAnswer) => Value | null,
): Promise<ReadOutcome<Value>> {
  const answer = await pending;
  if (answer.kind !== 'ok') return { kind: 'failed', error: cloudErrorOf(answer) };
  const value = parse(answer.body, answer);
  return value === null ? unreadable(answer) : { kind: 'ok', value };
}

/** Longest window that the cloud looks back over by its own clock. Source: DescribeVpnConnectionLogs, `MinutePeriod`. */
const latestMinutes = 10;

function readLogs(read: Call, query: NegotiationQuery): ReturnType<VpnApi['connectionLogs']> {
  const { regionId, vpnConnectionId, tunnelId, between, pageNumber } = query;
  const params = {
    RegionId: regionId,
    VpnConnectionId: vpnConnectionId,
    TunnelId: tunnelId ?? undefined,
    From: between ? Math.floor(between.from / 1_000) : undefined,
    To: between ? Math.ceil(between.to / 1_000) : undefined,
    MinutePeriod: between ? undefined : latestMinutes,
    PageNumber: pageNumber,
    PageSize: pageSize,
  };
  return readPage(read('DescribeVpnConnectionLogs', regionId, params), (body, { answeredAt }) =>
    parseNegotiationPage(body, answeredAt),
  );
}

function diagnose(
  read: Call,
  { regionId, vpnConnectionIds, tunnelIds }: DiagnosisQuery,
): ReturnType<VpnApi['diagnose']> {
  const params = {
    RegionId: regionId,
    VpnConnectionIds: vpnConnectionIds,
    TunnelIds: tunnelIds,
    PageNumber: 1,
    PageSize: pageSize,
  };
  return readPage(read('DiagnoseVpnConnections', regionId, params), parseDiagnoses);
}

async function describeConnection(
  read: Call,
  { regionId, vpnConnectionId }: ConnectionRef,
): ReturnType<VpnApi['describeConnection']> {
  const answer = await read('DescribeVpnConnection', regionId, {
    RegionId: regionId,
    VpnConnectionId: vpnConnectionId,
  });
  return readOne(answer, 'InvalidVpnConnectionInstanceId.NotFound', (body) => {
    const connection = parseConnection(body, regionId);
    return connection?.vpnConnectionId === vpnConnectionId ? connection : null;
  });
}

async function describeGateway(
  read: Call,
  { regionId, vpnGatewayId }: Parameters<VpnApi['describeGateway']>[0],
): ReturnType<VpnApi['describeGateway']> {
  const answer = await read('DescribeVpnGateway', regionId, {
    RegionId: regionId,
    VpnGatewayId: vpnGatewayId,
  });
  return readOne(answer, 'InvalidVpnGatewayInstanceId.NotFound', (body) => {
    const gateway = parseGateway(body, regionId);
    return gateway?.vpnGatewayId === vpnGatewayId ? gateway : null;
  });
}

/** Only the one code of the thing asked for means that it is not there: another missing thing is a failed read. */
function readOne<Value>(
  answer: RpcAnswer,
  missingCode: string,
  parse: (body: OkAnswer['body']) => Value | null,
): ReadOutcome<Value | null> {
  if (answer.kind === 'error' && answer.code === missingCode) return { kind: 'ok', value: null };
  if (answer.kind !== 'ok') return { kind: 'failed', error: cloudErrorOf(answer) };
  const value = parse(answer.body);
  return value === null ? unreadable(answer) : { kind: 'ok', value };
}

function unreadable({ requestId }: OkAnswer): { kind: 'failed'; error: CloudError } {
  const error = cloudErrorOf({ kind: 'maybe_sent', code: 'UnreadableAnswer', requestId });
  return { kind: 'failed', error };
}

async function modify(write: Call, request: ModifyRequest): Promise<ModifyOutcome> {
  const action = modifyActionFor(request);
  const answer = await write(action, request.regionId, modifyParamsOf(request));
  if (answer.kind !== 'ok') return outcomeOf(cloudErrorOf(answer));
  const isNamed =
    action === 'ModifyTunnelAttribute'
      ? parseModifiedTunnel(answer.body) === request.part
      : parseModified(answer.body) === request.vpnConnectionId;
  return isNamed
    ? { kind: 'accepted', requestId: answer.requestId }
    : outcomeOf(unreadable(answer).error);
}

function outcomeOf(error: CloudError): ModifyOutcome {
  switch (error.class) {
    case 'busy':
      return { kind: 'busy', error };
    case 'throttled':
      return { kind: 'throttled', error };
    case 'unknown_fate':
      return { kind: 'unknown', error };
    case 'not_sent':
      return { kind: 'not_sent', error };
    case 'invalid':
    case 'quota':
    case 'locked':
    case 'permission':
    case 'credentials':
    case 'not_found':
      return { kind: 'refused', error };
    default:
      return unreachable(error.class);
  }
}

function logCall(
  { logger, clock }: VpnApiDeps,
  action: VpnAction,
  regionId: string,
  answer: RpcAnswer,
  startedAt: number,
): void {
  logger?.debug('called the cloud', {
    action,
    regionId,
    kind: answer.kind,
    ms: Math.round(clock.monotonic() - startedAt),
    ...('code' in answer ? { code: answer.code } : {}),
    ...('requestId' in answer ? { requestId: answer.requestId } : {}),
    ...('text' in answer ? { text: answer.text } : {}),
  });
}
