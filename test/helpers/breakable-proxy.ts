import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and can lose connections the way a frozen or forgotten one is lost. */
export interface BreakableProxy {
  /** The given address, through the proxy. */
  url: string;
  /** How many connections were made so far. */
  connections(): number;
  /** From now on the connections made so far seem alive, but the next thing sent on one breaks it. */
  breakWhenUsed(): void;
  close(): Promise<void>;
}

export async function startBreakableProxy(target: string): Promise<BreakableProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const broken = new WeakSet<Socket>();
  let connections = 0;
  const proxy = createServer((client) => {
    connections += 1;
    const server = connect(Number(port), hostname);
    sockets.add(client).add(server);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    client.on('data', (data) => (broken.has(client) ? end() : server.write(data)));
    server.on('data', (data) => client.write(data));
    for (const socket of [client, server]) socket.on('close', end).on('error', end);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const url = new URL(target);
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: url.href,
    connections: () => connections,
    breakWhenUsed() {
      for (const socket of sockets) broken.add(socket);
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        proxy.close(() => resolve());
      }),
  };
}
