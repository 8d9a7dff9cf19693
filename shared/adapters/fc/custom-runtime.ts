import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { AppError } from '../../platform/errors.ts';
import { problemResponse } from '../../platform/http/problem.ts';
import { unknownHost } from '../../platform/http/unknown-host.ts';
import type { FunctionEntry, HttpFunctionEntry } from './entry.ts';

/** What a function's module exports; `fetch` only with an HTTP trigger. */
export type CustomRuntimeEntry = FunctionEntry & Partial<Pick<HttpFunctionEntry, 'fetch'>>;

export interface CustomRuntimeOptions {
  /** 0 takes any free one. */
  port: number;
  /** Where the lines go that tie the log to requests. */
  write: (line: string) => void;
}

/** The platform keeps its connections open for so long, and expects the same of the server: 15 minutes. */
const keepAliveMs = 16 * 60_000;

type Task = 'Invoke' | 'Initialize' | 'PreStop';

/**
 * Serves a function in a custom runtime: one HTTP server on which everything arrives, told apart by `x-fc-control-path`, a
 * header that no caller from outside can send. Source: "Principles" of custom runtimes.
 */
export function serveCustomRuntime(
  entry: CustomRuntimeEntry,
  { port, write }: CustomRuntimeOptions,
): Promise<{ port: number; server: Server }> {
  const server = createServer(
    { keepAliveTimeout: keepAliveMs, requestTimeout: 0 },
    (request, response) => {
      answer(entry, request, write)
        .catch(() => problemResponse(new AppError('invalid_request', 'the request cannot be read')))
        .then((answered) => send(answered, response))
        .catch(() => response.destroy());
    },
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // From outside the instance: 127.0.0.1 would not be found.
    server.listen(port, '0.0.0.0', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address ? address.port : port });
    });
  });
}

async function answer(
  entry: CustomRuntimeEntry,
  incoming: IncomingMessage,
  write: (line: string) => void,
): Promise<Response> {
  const context = contextOf(incoming);
  const body = await readBody(incoming);
  const logged = async (task: Task, work: () => Promise<Response>): Promise<Response> => {
    write(`FC ${task} Start RequestId: ${context.requestId}`);
    const response = await work().catch(failed);
    write(`FC ${task} End RequestId: ${context.requestId}`);
    return response;
  };
  const { fetch } = entry;
  switch (headerOf(incoming, 'x-fc-control-path')) {
    case '/http-invoke':
      if (fetch === undefined) break;
      return logged('Invoke', () => fetch(requestOf(incoming, body, context.requestId), context));
    case '/invoke':
      return logged('Invoke', async () =>
        Response.json((await entry.handler(body, context)) ?? null),
      );
    case '/initialize':
      return logged('Initialize', () => entry.initialize(context).then(done));
    case '/pre-stop':
      return logged('PreStop', () => entry.preStop(context).then(done));
    case '/pre-freeze':
      return done();
  }
  return problemResponse(new AppError('not_found', 'there is nothing at this path'));
}

function done(): Response {
  return new Response(null, { status: 200 });
}

/** How the platform recognises that the function failed; what failed is in the log already. */
function failed(): Response {
  return new Response(null, { status: 500, headers: { 'x-fc-status': '404' } });
}

function headerOf({ headers }: IncomingMessage, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

/** What a managed runtime would give as the context. */
function contextOf(incoming: IncomingMessage) {
  const header = (name: string): string => headerOf(incoming, `x-fc-${name}`);
  return {
    requestId: /^[\w.:-]{1,64}$/.exec(header('request-id'))?.[0] ?? '',
    credentials: {
      accessKeyId: header('access-key-id'),
      accessKeySecret: header('access-key-secret'),
      securityToken: header('security-token'),
    },
    function: { name: header('function-name'), timeout: header('function-timeout') },
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The caller's own request, without what the platform put into it: its headers are live credentials. */
function requestOf(incoming: IncomingMessage, body: Buffer, requestId: string): Request {
  const { method = 'GET', url = '/', headersDistinct } = incoming;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    if (name.startsWith('x-fc-')) continue;
    for (const value of values) headers.append(name, value);
  }
  if (requestId !== '') headers.set('X-Request-Id', requestId);
  const takesBody = method !== 'GET' && method !== 'HEAD' && body.length > 0;
  return new Request(`${originOf(incoming)}${url}`, {
    method,
    headers,
    body: takesBody ? body : null,
  });
}

/** Where the caller asked: the platform found the function by that name. */
function originOf(incoming: IncomingMessage): string {
  const [host = unknownHost] =
    /^[a-z0-9.-]{1,253}(:\d{1,5})?$/i.exec(headerOf(incoming, 'host')) ?? [];
  const origin = `https://${host}`;
  return URL.canParse(origin) ? origin : `https://${unknownHost}`;
}

async function send(answered: Response, response: ServerResponse): Promise<void> {
  const headers = Object.fromEntries(answered.headers);
  const cookies = answered.headers.getSetCookie();
  response.writeHead(answered.status, {
    ...headers,
    ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}),
  });
  response.end(Buffer.from(await answered.arrayBuffer()));
}
