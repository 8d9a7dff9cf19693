import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import { acs3Headers } from './acs3-signature.ts';
import type { RoleCredentials } from './invocation.ts';
import { codeOf, type Started, type StartTask } from './task-waker.ts';
import type { WakeTask } from './wake-task.ts';

export interface Fc3Options {
  /** Base URL, `https://ACCOUNT.REGION.fc.aliyuncs.com`. */
  endpoint: string;
  /** The worker's function; checked with the configuration, since it goes into the URL. */
  functionName: string;
  credentials: () => Promise<RoleCredentials>;
  clock: Clock;
  random: Random;
  /** Milliseconds to the answer's last byte. */
  timeoutMs: number;
}

const apiVersion = '2023-03-30';

/** The error's body; both spellings are documented. */
const Refusal = z.union([
  z.object({ ErrorCode: z.string() }).transform(({ ErrorCode }) => ErrorCode),
  z.object({ Code: z.string() }).transform(({ Code }) => Code),
]);

/**
 * Starts tasks through InvokeFunction of API 2023-03-30 (Function Compute 3.0), signed here: the official client would be
 * 32 MB for one request. Asks for credentials with every request; raises what they raise.
 */
export function createFc3Tasks(options: Fc3Options): StartTask {
  const path = `/${apiVersion}/functions/${options.functionName}/invocations`;
  const url = new URL(path, options.endpoint);
  return async (task) => {
    const headers = await headersOf(task, { ...options, url });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: task.event,
        redirect: 'manual',
        signal: AbortSignal.timeout(options.timeoutMs),
      });
      return startedOf(response.status, await response.text());
    } catch (thrown) {
      return interruptionOf(thrown);
    }
  };
}

async function headersOf(
  task: WakeTask,
  { url, credentials, clock, random }: Fc3Options & { url: URL },
): Promise<Record<string, string>> {
  const { accessKeyId, accessKeySecret, securityToken } = await credentials();
  const temporary =
    securityToken === null
      ? {}
      : { 'x-acs-accesskey-id': accessKeyId, 'x-acs-security-token': reveal(securityToken) };
  const headers = {
    host: url.host,
    accept: 'application/json',
    'content-type': 'application/octet-stream',
    'x-acs-action': 'InvokeFunction',
    'x-acs-version': apiVersion,
    'x-acs-date': `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
    'x-acs-signature-nonce': random.bytes(16).toString('hex'),
    ...temporary,
    'x-fc-invocation-type': 'Async',
    'x-fc-async-task-id': task.id,
    ...(task.delaySeconds > 0 ? { 'x-fc-async-delay': String(task.delaySeconds) } : {}),
  };
  const unsigned = { method: 'POST', path: url.pathname, query: {}, headers, body: task.event };
  const key = { id: accessKeyId, secret: reveal(accessKeySecret) };
  return { ...headers, ...acs3Headers(unsigned, key) };
}

function startedOf(status: number, text: string): Started {
  // 202 is the answer to an asynchronous invocation; another 2xx means that something else was understood.
  if (status === 202) return { kind: 'accepted' };
  return { kind: 'refused', status, code: codeOf(Refusal.safeParse(jsonOf(text)).data) };
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return null;
  }
}

/** `fetch` rejects with a DOMException when time is over, and otherwise with the network's error as cause. */
function interruptionOf(thrown: unknown): Started {
  if (!(thrown instanceof Error)) return { kind: 'broken', code: 'unknown' };
  if (thrown.name === 'TimeoutError') return { kind: 'silent' };
  const code: unknown = Reflect.get(Object(thrown.cause), 'code');
  return { kind: 'broken', code: typeof code === 'string' ? code : 'unknown' };
}
