import { createHmac } from 'node:crypto';
import {
  badGatewayAnswer,
  faultAnswer,
  type SimulatorAnswer,
} from '../../local/simulator/answers.ts';
import { ApiFault } from '../../local/simulator/errors.ts';
import { canonicalForm, percentEncode } from '../../local/simulator/signing.ts';
import { DEMO_ACCESS_KEY, type Simulator } from '../../local/simulator/simulator.ts';
import {
  type RpcAnswer,
  readAnswer,
  readRejection,
} from '../../shared/adapters/aliyun/rpc-answer.ts';
import type { RpcClient } from '../../shared/adapters/aliyun/rpc-client.ts';
import { serializeParams } from '../../shared/adapters/aliyun/serialize.ts';
import { createVpnApiOver } from '../../shared/adapters/aliyun/vpn-api.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import type { Rates } from './choices.ts';
import { fateOf } from './fates.ts';
import type { Actor } from './stage.ts';

/** What network and cloud do to one call. */
type Trouble =
  | 'is never connected'
  | 'gets lost'
  | 'is heard by nobody'
  | 'arrives after its timeout'
  | 'is carried out, its reply lost'
  | 'is carried out, its reply never comes'
  | 'is throttled'
  | 'is called busy'
  | 'meets a 500'
  | 'is carried out and meets a 500'
  | 'meets a gateway'
  | 'is carried out, its reply cut short';

const ofWrites: Rates<Trouble> = [
  ['is never connected', 0.02],
  ['gets lost', 0.03],
  ['is heard by nobody', 0.02],
  ['arrives after its timeout', 0.03],
  ['is carried out, its reply lost', 0.06],
  ['is carried out, its reply never comes', 0.04],
  ['is throttled', 0.02],
  ['is called busy', 0.05],
  ['meets a 500', 0.02],
  ['is carried out and meets a 500', 0.04],
  ['meets a gateway', 0.01],
  ['is carried out, its reply cut short', 0.03],
];
const ofReads: Rates<Trouble> = [
  ['is never connected', 0.01],
  ['is heard by nobody', 0.01],
  ['is carried out, its reply lost', 0.01],
  ['is throttled', 0.01],
  ['meets a 500', 0.01],
  ['is carried out, its reply cut short', 0.01],
];

/** Short against a lease, as in production. */
const timeouts = { readMs: 3_000, writeMs: 4_000 };
const mostLateMs = 12_000;
const forGoodMs = 86_400_000;

/** How one process comes to the cloud. */
interface CloudAccess {
  actor: Actor;
  /** Carries requests whose senders may be gone. */
  network: Actor;
  leaseMs: number;
  /** A request arrives after its sender has given it up; a write's token is told. */
  onStraggler(clientToken: string): void;
  /** A write arrives, with its parameters. */
  onWrite(texts: Readonly<Record<string, string>>): void;
}

/** The cloud as one process has it: our own mapping over calls that take their turns and may go wrong on the way. */
export function stagedCloud(
  simulator: Simulator,
  { actor, network, leaseMs, onStraggler, onWrite }: CloudAccess,
): VpnApi {
  const call: RpcClient['call'] = async (action, params, { regionId, timeoutMs = 0 }) => {
    const { texts } = serializeParams(params);
    const isWrite = action.startsWith('Modify');
    const moment = actor.moment(`cloud ${action}`);
    const fate = fateOf(actor, moment, { leaseMs, isCrucial: isWrite });
    const { choices } = actor.stage;
    const trouble = choices.strike(`${moment} network`, isWrite ? ofWrites : ofReads);
    const late = choices.within(timeoutMs, mostLateMs, 'outlives', moment);
    const outlives = trouble === 'arrives after its timeout' ? { lateMs: late } : {};
    const isMute =
      trouble === 'is heard by nobody' || trouble === 'is carried out, its reply never comes';
    const silence = isMute ? { replyLateMs: forGoodMs } : {};
    const timeout = actor.timer(timeoutMs);
    const givenUpAt = actor.stage.now() + timeoutMs;
    const reply = actor.call(
      moment,
      { fate: { ...fate, ...outlives, ...silence }, by: network },
      () => {
        const at = actor.stage.now();
        if (at > givenUpAt) onStraggler(texts.ClientToken ?? '');
        if (isWrite) onWrite(texts);
        return carryOut(simulator, { action, regionId, texts, nonce: moment, at }, trouble);
      },
    );
    const timedOut = timeout.rings.then(() => readRejection({ name: 'RequestTimeoutError' }, []));
    const answer = await Promise.race([reply, timedOut]);
    timeout.stop();
    return answer;
  };
  return createVpnApiOver({ call }, { clock: actor.clock, timeouts });
}

interface Request {
  action: string;
  regionId: string;
  texts: Readonly<Record<string, string>>;
  nonce: string;
  at: number;
}

const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' });

/** What the client gets to know of a call, in case it still waits. */
async function carryOut(
  simulator: Simulator,
  request: Request,
  trouble: Trouble | null,
): Promise<RpcAnswer> {
  if (trouble === 'is never connected') return readRejection(refused, []);
  if (trouble === 'gets lost' || trouble === 'is heard by nobody') return readRejection(reset, []);
  const code = trouble === null ? undefined : refusalFor(simulator, request, trouble);
  if (code !== undefined) return answerOf(faultAnswer(new ApiFault(code), request.nonce, 'vpc'));
  if (trouble === 'meets a gateway') return answerOf(badGatewayAnswer);
  const answer = await simulator.handle(signed(request));
  switch (trouble) {
    case 'is carried out, its reply lost':
      return readRejection(reset, []);
    case 'is carried out and meets a 500':
      return answerOf(faultAnswer(new ApiFault('InternalError'), request.nonce, 'vpc'));
    case 'is carried out, its reply cut short':
      return answerOf({ ...answer, body: answer.body.slice(0, answer.body.length / 2) });
    default:
      return answerOf(answer);
  }
}

function refusalFor(
  simulator: Simulator,
  { regionId, texts }: Request,
  trouble: Trouble,
): string | undefined {
  if (trouble === 'is throttled') return 'Throttling.User';
  if (trouble === 'meets a 500') return 'InternalError';
  if (trouble !== 'is called busy') return undefined;
  return simulator.state.entry(regionId, texts.VpnConnectionId ?? '').lane.busyCode;
}

/** What pop-core makes of an answer. Source: pop-core 1.8.0, `lib/rpc.js`; test/contract/vpn-api.test.ts runs the real one. */
function answerOf({ status, headers, body, dropped }: SimulatorAnswer): RpcAnswer {
  if (dropped) return readRejection(reset, []);
  const parsed = parseJson(body);
  if (parsed === null) return readRejection(new SyntaxError('no JSON'), []);
  const entry = { response: { statusCode: status, headers } };
  if (parsed.Code !== undefined)
    return readRejection({ code: parsed.Code, data: parsed, entry }, []);
  return readAnswer([parsed, entry], []);
}

function parseJson(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The request as the client signs it: version 1.0 with HMAC-SHA1. */
function signed({ action, texts, nonce, at }: Request): Parameters<Simulator['handle']>[0] {
  const params: [string, string][] = Object.entries({
    ...texts,
    Action: action,
    Version: '2016-04-28',
    Format: 'JSON',
    AccessKeyId: DEMO_ACCESS_KEY.accessKeyId,
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: nonce,
    Timestamp: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
  });
  const text = `POST&%2F&${percentEncode(canonicalForm(params))}`;
  const key = `${DEMO_ACCESS_KEY.accessKeySecret}&`;
  const signature = createHmac('sha1', key).update(text).digest('base64');
  const body = new URLSearchParams([...params, ['Signature', signature]]).toString();
  return { method: 'POST', path: '/', headers: { host: 'vpc' }, body };
}
