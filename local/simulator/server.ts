import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { SimulatorAnswer, SimulatorRequest } from './answers.ts';
import { SimulatorError } from './errors.ts';
import type { Simulator } from './simulator.ts';

/** A simulator that listens. */
export interface SimulatorServer {
  /** `http://HOST:PORT` without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and cuts what is open. */
  close(): Promise<void>;
}

/** Far above any real request; keeps a runaway client from filling the memory. */
const MAX_BODY_BYTES = 1_048_576;

/**
 * Serves a simulator over HTTP/1.1, on the loopback by default; port 0 = any free one.
 * @throws SimulatorError `bad_options` when the address cannot be listened on.
 */
export async function startSimulatorServer(
  simulator: Simulator,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number } = {},
): Promise<SimulatorServer> {
  const server = createServer((incoming, response) => {
    serve(simulator, incoming, response).catch(() => response.destroy());
  });
  // Longer than clients keep idle connections, so that none is closed just as it is used again.
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new SimulatorError('bad_options', `cannot listen on ${host}:${port}: ${error.message}`),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const chosen = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    port: chosen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  simulator: Simulator,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming);
  if (body === null) {
    response.writeHead(413).end();
    return;
  }
  send(response, await simulator.handle(requestOf(incoming, body)));
}

function requestOf(incoming: IncomingMessage, body: string): SimulatorRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers, body };
}

async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Read to the end all the same: stopping half-way would cut the connection before the answer.
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, answer: SimulatorAnswer): void {
  if (answer.dropped) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, {
    ...answer.headers,
    'content-length': Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}
