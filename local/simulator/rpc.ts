import type { ActionContext, ChangeSemantics } from './actions/context.ts';
import { type ActionName, type ActionRow, actionTable, isActionName } from './actions/table.ts';
import {
  badGatewayAnswer,
  droppedAnswer,
  faultAnswer,
  jsonAnswer,
  type SimulatorAnswer,
  type SimulatorRequest,
} from './answers.ts';
import type { SimulatorClock } from './clock.ts';
import { ApiFault } from './errors.ts';
import type { Disturbance, FaultDice, FaultKind } from './faults.ts';
import { type Parameters, readParameters, requiredText } from './parameters.ts';
import type { Quotas } from './quotas.ts';
import { requestIdOf } from './random.ts';
import type { SimulatorRecord } from './record.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import { disturbanceOfWrite, sentinelsOf } from './sentinels.ts';
import type { SignatureCheck } from './signature.ts';
import { isAcs3 } from './signature-acs3.ts';
import type { CloudState } from './state.ts';
import type { TokenMemory } from './tokens.ts';
import type { WriteRecord } from './writes.ts';

const VERSION = '2016-04-28';

/** What the RPC front is made of. */
export interface RpcParts {
  readonly clock: SimulatorClock;
  /** The time that requests are stamped with. */
  readonly signatureClock: SimulatorClock;
  readonly seed: number;
  /** By how much the cloud's own clock is ahead, milliseconds. */
  readonly clockSkewMs: number;
  readonly state: CloudState;
  readonly record: SimulatorRecord;
  readonly signatures: SignatureCheck;
  readonly quotas: Quotas;
  readonly dice: FaultDice;
  readonly tokens: TokenMemory;
  readonly semantics: ChangeSemantics;
}

/** A request that is signed, known and in a region; the rest can still be refused. */
interface Call {
  readonly action: ActionName;
  readonly row: ActionRow;
  readonly params: Parameters;
  readonly region: RegionState | null;
  readonly entry: ConnectionEntry | null;
  readonly requestId: string;
  readonly hostId: string;
  readonly now: number;
}

/** Codes of the faults that strike before anything is applied. */
const REFUSALS: { readonly [Kind in FaultKind]?: string } = {
  throttle: 'Throttling.User',
  error500NotApplied: 'InternalError',
  unavailable503: 'ServiceUnavailable',
};

/** Answers requests of the VPC API (help page "Request syntax", RPC style); `params` are those of query, body and headers. */
export function createRpc(
  parts: RpcParts,
): (request: SimulatorRequest, params: Parameters) => Promise<SimulatorAnswer> {
  let ordinal = 0;
  return async (request, params) => {
    ordinal += 1;
    const requestId = requestIdOf(parts.seed, ordinal);
    const hostId = request.headers.host ?? 'vpc.aliyuncs.com';
    try {
      const call = identify(parts, request, params, requestId, hostId);
      return stamped(parts, await answerCall(parts, call));
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error;
      parts.record.refused(actionLabel(params), error.code);
      return faultAnswer(error, requestId, hostId);
    }
  };
}

/** Answers carry the time of the cloud's clock, as every HTTP server's do. */
function stamped({ clock, clockSkewMs }: RpcParts, answer: SimulatorAnswer): SimulatorAnswer {
  const date = new Date(clock.now() + clockSkewMs).toUTCString();
  return { ...answer, headers: { ...answer.headers, date } };
}

/** A request's parameters; one that is signed in its headers names action and version there too. */
export function parametersOf(request: SimulatorRequest): Parameters {
  const params = readParameters(request.path, request.body);
  if (!isAcs3(request)) return params;
  const { 'x-acs-action': action = '', 'x-acs-version': version = '' } = request.headers;
  return new Map([...params, ['Action', action], ['Version', version]]);
}

/** Names that nobody knows share one row, so that noise cannot grow the record. */
function actionLabel(params: Parameters): string {
  const name = params.get('Action') ?? '';
  return isActionName(name) ? name : 'unknown';
}

function identify(
  parts: RpcParts,
  request: SimulatorRequest,
  params: Parameters,
  requestId: string,
  hostId: string,
): Call {
  const now = parts.clock.now();

  const region = parts.state.region(params.get('RegionId') ?? '') ?? null;
  const place = region?.region.regionId ?? 'none';
  parts.record.arrived(place, actionLabel(params), now);
  const action = requiredText(params, 'Action');
  if (requiredText(params, 'Version') !== VERSION || !isActionName(action)) {
    throw new ApiFault('InvalidApi.NotFound');
  }
  parts.signatures.verify(request, params, parts.signatureClock.now());
  const row = actionTable[action];
  if (row.needsRegion && region === null) {
    requiredText(params, 'RegionId');
    throw new ApiFault('InvalidRegionId.NotFound');
  }
  if (!parts.quotas.admits(place, action, row.access, now)) {
    throw new ApiFault('Throttling.User');
  }
  const entry = region?.connections.get(params.get('VpnConnectionId') ?? '') ?? null;
  return { action, row, params, region, entry, requestId, hostId, now };
}

async function answerCall(parts: RpcParts, call: Call): Promise<SimulatorAnswer> {
  const disturbance = disturb(parts, call);
  if (disturbance.kind !== null) parts.record.fault(disturbance.kind);
  const early = strikeBefore(parts, call, disturbance.kind);
  if (early) return early;
  const answer = run(parts, call, disturbance);
  if (disturbance.slowMs > 0) await parts.clock.sleep(disturbance.slowMs);
  return strikeAfter(call, disturbance.kind, answer);
}

/** Sentinels of the connection come before the dice, so that a test gets exactly what it asked for. */
function disturb(parts: RpcParts, call: Call): Disturbance {
  const { entry, row, action, params, region } = call;
  if (row.access === 'write' && entry) {
    entry.modifyCalls += 1;
    const asked = disturbanceOfWrite(
      sentinelsOf(entry.current),
      entry.modifyCalls,
      entry.lane.busyCode,
    );
    if (asked) return asked;
  }
  const subject = params.get('VpnConnectionId') ?? params.get('VpnGatewayId') ?? '';
  const drawn = parts.dice.draw(row.access, `${action}|${region?.region.regionId}|${subject}`);
  if (drawn.kind === 'spuriousBusy') {
    return { ...drawn, refuseWith: entry?.lane.busyCode ?? 'VpnTask.CONFLICT' };
  }
  if (drawn.kind === 'neverSettles') return { ...drawn, settleMs: Number.POSITIVE_INFINITY };
  return drawn;
}

function strikeBefore(parts: RpcParts, call: Call, kind: FaultKind | null): SimulatorAnswer | null {
  if (kind === 'droppedBefore') return droppedAnswer;
  if (kind === 'html502') return badGatewayAnswer;
  const code = kind === null ? undefined : REFUSALS[kind];
  if (code === undefined) return null;
  return refuse(parts, call, new ApiFault(code));
}

function run(parts: RpcParts, call: Call, disturbance: Disturbance): SimulatorAnswer {
  const { action, row, requestId } = call;
  try {
    const body = row.run(contextOf(parts, call, disturbance));
    parts.record.answered(action);
    return jsonAnswer(200, { RequestId: requestId, ...body });
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error;
    return refuse(parts, call, error);
  }
}

function contextOf(parts: RpcParts, call: Call, disturbance: Disturbance): ActionContext {
  const { state, tokens, semantics, record } = parts;
  const { params, region, requestId, now } = call;
  return {
    state,
    tokens,
    semantics,
    params,
    region,
    requestId,
    now,
    clockSkewMs: parts.clockSkewMs,
    disturbance,
    repeated: () => record.write(ineffective(call, 'repeated', null)),
  };
}

function refuse(parts: RpcParts, call: Call, fault: ApiFault): SimulatorAnswer {
  parts.record.refused(call.action, fault.code);
  if (call.row.access === 'write') parts.record.write(ineffective(call, 'refused', fault.code));
  return faultAnswer(fault, call.requestId, call.hostId);
}

function ineffective(
  call: Call,
  outcome: 'repeated' | 'refused',
  code: string | null,
): WriteRecord {
  return {
    requestId: call.requestId,
    regionId: call.region?.region.regionId ?? '',
    scope: call.entry?.lane.scope ?? null,
    vpnConnectionId: call.entry?.current.id ?? null,
    tunnelIds: [],
    clientToken: call.params.get('ClientToken') ?? null,
    source: 'api',
    outcome,
    code,
    effective: false,
    acceptedAt: call.now,
    settledAt: null,
  };
}

function strikeAfter(call: Call, kind: FaultKind | null, answer: SimulatorAnswer): SimulatorAnswer {
  switch (kind) {
    case 'lostAfterApply':
      return droppedAnswer;
    case 'html502Applied':
      return badGatewayAnswer;
    case 'error500Applied':
      return faultAnswer(new ApiFault('InternalError'), call.requestId, call.hostId);
    case 'truncated':
      return { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) };
    default:
      return answer;
  }
}
