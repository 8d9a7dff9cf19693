import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** An invocation that was taken. */
export interface Invocation {
  function: string;
  id: string;
  delaySeconds: number;
  event: string;
}

/** What a stand-in does with a request instead of answering it well. */
export type Fault = (response: ServerResponse) => unknown;

export interface FunctionComputeKey {
  id: string;
  secret: string;
  token: string | null;
}

/** Function Compute's InvokeFunction in both generations, as far as waking needs it. */
export interface FunctionCompute {
  url: string;
  /** Taken so far, without doubles. */
  invocations: Invocation[];
  /** How many requests arrived, whatever came of them. */
  requests(): number;
  /** Faults for the next requests, in order. `lostReply` takes the invocation first. */
  fail(...faults: (Fault | 'lost reply')[]): void;
  close(): Promise<void>;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/**
 * A loopback stand-in that checks the signature of either API, written from their documentation and not from our signer;
 * answers 202 with a request id, and refuses an id that it knows.
 */
export async function startFunctionCompute(key: FunctionComputeKey): Promise<FunctionCompute> {
  const invocations: Invocation[] = [];
  let faults: (Fault | 'lost reply')[] = [];
  let requests = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    requests += 1;
    const fault = faults.shift();
    if (typeof fault === 'function') {
      fault(response);
      return;
    }
    try {
      const invocation = invocationOf(request, Buffer.concat(chunks), key);
      if (invocations.some(({ id }) => id === invocation.id)) {
        throw new Refusal(400, 'StatefulAsyncInvocationAlreadyExists');
      }
      invocations.push(invocation);
      if (fault === 'lost reply') response.destroy();
      else response.writeHead(202, { 'x-fc-request-id': `r-${requests}` }).end();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refuse(error.status, error.code)(response);
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    invocations,
    requests: () => requests,
    fail: (...next) => {
      faults = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An error answer in Function Compute's shape. */
export function refuse(status: number, code: string, message = 'refused'): Fault {
  return (response) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-fc-request-id': 'r-refused',
    });
    response.end(JSON.stringify({ ErrorCode: code, ErrorMessage: message }));
  };
}

function invocationOf(request: IncomingMessage, body: Buffer, key: FunctionComputeKey): Invocation {
  const { headers, url = '' } = request;
  const path =
    /^\/(2016-08-15)\/services\/([\w-]+)\/functions\/([\w-]+)\/invocations$/.exec(url) ??
    /^\/(2023-03-30)()\/functions\/([\w-]+)\/invocations$/.exec(url);
  if (request.method !== 'POST' || path === null) throw new Refusal(404, 'FunctionNotFound');
  const [, version, service, name] = path;
  const isFirst = version === '2016-08-15';
  if (isFirst) verifyFc(request, body, key);
  else verifyAcs3(request, body, key);
  if (headers['x-fc-invocation-type'] !== 'Async') throw new Refusal(400, 'InvalidArgument');
  const idHeader = isFirst ? 'x-fc-stateful-async-invocation-id' : 'x-fc-async-task-id';
  const id = String(headers[idHeader] ?? '');
  const delay = headers['x-fc-async-delay'];
  const delaySeconds = Number(delay ?? 0);
  const isDelay = delay === undefined || (delaySeconds >= 1 && delaySeconds <= 3_600);
  if (!/^[A-Za-z_][\w-]{0,127}$/.test(id) || !isDelay) throw new Refusal(400, 'InvalidArgument');
  const functionName = isFirst ? `${service}/${name}` : `${name}`;
  return { function: functionName, id, delaySeconds, event: body.toString('utf8') };
}

/** Source: "Signature authentication" of Function Compute 2.0. */
function verifyFc(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  key: FunctionComputeKey,
) {
  const digest = createHash('md5').update(body).digest('hex');
  const own = Object.entries(headers).filter(([name]) => name.startsWith('x-fc-'));
  const text = [
    method,
    Buffer.from(digest).toString('base64'),
    headers['content-type'],
    headers.date,
    ...own.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value}`),
    url,
  ].join('\n');
  const signature = createHmac('sha256', key.secret).update(text).digest('base64');
  if (headers.authorization !== `FC ${key.id}:${signature}`) {
    throw new Refusal(403, 'SignatureNotMatch');
  }
  if ((headers['x-fc-security-token'] ?? null) !== key.token) {
    throw new Refusal(403, 'SecurityTokenExpired');
  }
}

/** Source: "V3 version request body and signature mechanism". */
function verifyAcs3(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  key: FunctionComputeKey,
) {
  const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const needed = Object.keys(headers).filter((name) => /^(host|content-type|x-acs-.*)$/.test(name));
  const signed = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
  const canonical = [
    method,
    url,
    '',
    ...signed.map((name) => `${name}:${headers[name]}`),
    '',
    signed.join(';'),
    sha256(body),
  ].join('\n');
  const signature = createHmac('sha256', key.secret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest('hex');
  const expected = `ACS3-HMAC-SHA256 Credential=${key.id},SignedHeaders=${signed.join(';')},Signature=${signature}`;
  if (headers.authorization !== expected || !needed.every((name) => signed.includes(name))) {
    throw new Refusal(403, 'SignatureDoesNotMatch');
  }
  if ((headers['x-acs-security-token'] ?? null) !== key.token) {
    throw new Refusal(403, 'InvalidSecurityToken.Expired');
  }
}
