import { connect, createServer, type Socket } from 'node:net';
import { systemClock as clock } from '../../shared/platform/clock.ts';

/** What becomes of a piece of data on its way. */
export type Passage =
  | { kind: 'pass' }
  /** It arrives so many milliseconds later, and what follows it after it. */
  | { kind: 'late'; ms: number }
  /** It never arrives, and both sides see the connection break. */
  | { kind: 'cut' }
  /** It never arrives, nor does anything after it in either direction; the connection breaks after so many milliseconds. */
  | { kind: 'mute'; ms: number };

/** Stands between clients and a server, and loses connections and data the ways in which networks do. */
export interface BreakableProxy {
  /** The given address, through the proxy. */
  url: string;
  /** How many connections were made so far. */
  connections(): number;
  /** From now on the connections made so far seem alive, but the next thing sent on one breaks it. */
  breakWhenUsed(): void;
  /** From now on `decide` says what becomes of each piece of data, by the side that sent it. */
  treat(decide: (from: 'client' | 'server') => Passage): void;
  close(): Promise<void>;
}

const passes: Passage = { kind: 'pass' };

/** One direction of a connection. */
interface Way {
  /** Carries data on, after what was sent before it. */
  send(data: Buffer, afterMs: number): void;
  /** Resolves when nothing is under way. */
  empty(): Promise<void>;
}

function wayTo(socket: Socket): Way {
  let waiting: Promise<void> | null = null;
  return {
    send(data, afterMs) {
      if (waiting === null && afterMs === 0) {
        socket.write(data);
        return;
      }
      const before = waiting ?? Promise.resolve();
      const mine = before
        .then(() => clock.sleep(afterMs))
        .then(() => {
          if (socket.writable) socket.write(data);
          if (waiting === mine) waiting = null;
        });
      waiting = mine;
    },
    empty: () => waiting ?? Promise.resolve(),
  };
}

/** A proxy for the server that `target` names by URL. It passes everything on until it is told otherwise. */
export async function startBreakableProxy(target: string): Promise<BreakableProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const broken = new WeakSet<Socket>();
  let connections = 0;
  let decide: (from: 'client' | 'server') => Passage = () => passes;
  const proxy = createServer((client) => {
    connections += 1;
    const server = connect(Number(port), hostname);
    let isMute = false;
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    const pass = (from: 'client' | 'server', way: Way, data: Buffer): void => {
      if (isMute) return;
      const isBroken = from === 'client' && broken.has(client);
      const passage: Passage = isBroken ? { kind: 'cut' } : decide(from);
      if (passage.kind === 'cut') end();
      else if (passage.kind === 'mute') {
        isMute = true;
        void clock.sleep(passage.ms).then(end);
      } else way.send(data, passage.kind === 'late' ? passage.ms : 0);
    };
    const ways = { toServer: wayTo(server), toClient: wayTo(client) };
    client.on('data', (data) => pass('client', ways.toServer, data));
    server.on('data', (data) => pass('server', ways.toClient, data));
    // What a client sent arrives, even when that client is no more.
    client.on('close', () => void ways.toServer.empty().then(end));
    server.on('close', end);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
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
    treat(how) {
      decide = how;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        proxy.close(() => resolve());
      }),
  };
}
