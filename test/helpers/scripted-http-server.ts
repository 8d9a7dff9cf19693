import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';

/** A request as the server got it, complete. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  form: Readonly<Record<string, string>>;
}

/** What to do with one request: answer it, or anything else that a server can do to a connection. */
export type Script = (response: ServerResponse, request: SeenRequest) => unknown;

export interface ScriptedServer {
  url: string;
  /** Every request so far, whole. */
  seen: SeenRequest[];
  /** Scripts for the next requests, in order; the last one serves all further requests. */
  play(...scripts: Script[]): void;
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** A real HTTP server on a loopback port that reads each request whole and then follows its script. */
export async function startScriptedServer(): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  let scripts: Script[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const { method = '', url = '', headers } = request;
    const known = {
      method,
      url,
      headers,
      body,
      form: Object.fromEntries(new URLSearchParams(body)),
    };
    seen.push(known);
    const script = scripts.length > 1 ? scripts.shift() : scripts[0];
    await script?.(response, known);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    play: (...next) => {
      scripts = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with a status and a body: text as it is, anything else as JSON. */
export function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** An error answer in the cloud's shape. */
export function refusal(
  status: number,
  code: string,
  message = 'refused',
): ReturnType<typeof answer> {
  const RequestId = 'E1D2C3B4-0000-4000-8000-000000000001';
  return answer(status, { RequestId, HostId: 'vpc', Code: code, Message: message });
}
