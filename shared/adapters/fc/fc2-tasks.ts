import { reveal } from '../../platform/secret-reveal.ts';
import type { RoleCredentials } from './invocation.ts';
import { codeOf, type Started, type StartTask } from './task-waker.ts';

export interface Fc2Options {
  /** Base URL, `https://ACCOUNT.REGION.fc.aliyuncs.com`; always given, because the client's own default is plain http. */
  endpoint: string;
  accountId: string;
  region: string;
  /** Service and function; checked with the configuration, since the client puts them into the URL as they are. */
  serviceName: string;
  functionName: string;
  credentials: () => Promise<RoleCredentials>;
  /** Milliseconds to connect, and again from then to the answer's last byte. */
  timeoutMs: number;
}

/**
 * Starts tasks through InvokeFunction of API 2016-08-15 (Function Compute 2.0) with the official client. A client holds
 * its keys, so each request has a client of its own; connections are the package's and shared.
 * Raises what the credentials raise.
 */
export function createFc2Tasks(options: Fc2Options): StartTask {
  const { endpoint, accountId, region, serviceName, functionName, timeoutMs } = options;
  return async (task) => {
    const { accessKeyId, accessKeySecret, securityToken } = await options.credentials();
    // Loaded only where it is used: a deployment on 3.0 never pays for it.
    const { default: Client } = await import('@alicloud/fc2');
    const token = securityToken === null ? null : reveal(securityToken);
    const client = new Client(accountId, {
      accessKeyID: accessKeyId,
      accessKeySecret: reveal(accessKeySecret),
      ...(token === null ? {} : { securityToken: token }),
      endpoint,
      region,
      secure: true,
      timeout: timeoutMs,
    });
    const headers = {
      'x-fc-invocation-type': 'Async',
      'x-fc-stateful-async-invocation-id': task.id,
      ...(task.delaySeconds > 0 ? { 'x-fc-async-delay': String(task.delaySeconds) } : {}),
      // The client leaves the token out unless the key's id begins with STS.
      ...(token === null ? {} : { 'x-fc-security-token': token }),
    };
    try {
      await client.invokeFunction(serviceName, functionName, task.event, headers);
      return { kind: 'accepted' };
    } catch (thrown) {
      return startedOf(thrown);
    }
  };
}

/**
 * What the client threw, without its message, which repeats what the server said. Its errors: `FC<code>Error` for an answer
 * with a code, the status only inside the message; `RequestTimeoutError`; the network's own; and TypeError or SyntaxError
 * for answers that it cannot read. Source: @alicloud/fc2 2.6.6, `lib/client.js`, and httpx 2.3.3, `lib/index.js`.
 */
function startedOf(thrown: unknown): Started {
  if (!(thrown instanceof Error)) return { kind: 'refused', status: null, code: 'Unreadable' };
  const { name, message } = thrown;
  if (name === 'RequestTimeoutError') return { kind: 'silent' };
  const code: unknown = Reflect.get(thrown, 'code');
  if (/^FC.*Error$/.test(name)) {
    const status = / failed with (\d{3})\. requestid: /.exec(message)?.[1];
    return {
      kind: 'refused',
      status: status === undefined ? null : Number(status),
      code: codeOf(code),
    };
  }
  if (typeof code === 'string') return { kind: 'broken', code };
  return { kind: 'refused', status: null, code: 'Unreadable' };
}
