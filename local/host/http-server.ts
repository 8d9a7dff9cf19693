import { createServer, type RequestListener, type Server } from 'node:http';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';

/** An HTTP server that has its port. */
export interface HttpServer {
  /** `http://HOST:PORT`. */
  url: string;
  /** From now on requests are answered; those that came before have waited. */
  serve(listener: RequestListener): void;
  /** Takes no more connections, answers what is in flight, and cuts what is still open after a while. */
  close(): Promise<void>;
}

/** How long requests in flight may take once the server closes. */
const patienceMs = 5_000;

/**
 * Takes the port before anything that is made only once is made, so that a taken port leaves nothing behind.
 * Raises `unavailable` when it cannot be had.
 */
export async function openHttpServer(
  address: Pick<Config['host'], 'address' | 'port'>,
  clock: Clock,
): Promise<HttpServer> {
  let serve: (listener: RequestListener) => void = () => undefined;
  const served = new Promise<RequestListener>((resolve) => {
    serve = resolve;
  });
  const server = createServer((request, response) => {
    void served.then((listener) => listener(request, response));
  });
  const url = await listen(server, address);
  return { url, serve, close: () => closeServer(server, clock) };
}

function listen(
  server: Server,
  { address, port }: Pick<Config['host'], 'address' | 'port'>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, address, port)));
    server.listen(port, address, () => {
      const bound = server.address();
      const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
      resolve(`http://${address.includes(':') ? `[${address}]` : address}:${chosen}`);
    });
  });
}

function cannotListen(cause: Error, address: string, port: number): AppError {
  switch (Reflect.get(cause, 'code')) {
    case 'EADDRINUSE':
      return new AppError(
        'unavailable',
        `port ${port} on ${address} is in use, stop the other process or set PORT (0 takes any free one)`,
        { cause },
      );
    case 'EACCES':
      return new AppError('unavailable', `port ${port} needs more rights, set PORT to another`, {
        cause,
      });
    default:
      return new AppError('unavailable', `cannot listen on ${address}, set HOST to an address`, {
        cause,
      });
  }
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new AbortController();
  const closing = new Promise<void>((resolve) => {
    server.close(() => {
      closed.abort();
      resolve();
    });
  });
  server.closeIdleConnections();
  await clock.sleep(patienceMs, closed.signal);
  server.closeAllConnections();
  await closing;
}
