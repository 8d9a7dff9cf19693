import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BreakableProxy, type Passage, startBreakableProxy } from './breakable-proxy.ts';

/** What the server received. */
let received = '';
let server: Server;
let proxy: BreakableProxy;
let client: Socket;

/** A server that sends back what it gets. */
beforeEach(async () => {
  received = '';
  server = createServer((socket) => {
    socket.on('data', (data) => {
      received += String(data);
      server.emit('received');
      socket.write(data);
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  proxy = await startBreakableProxy(`http://127.0.0.1:${port}`);
  client = connect(Number(new URL(proxy.url).port), '127.0.0.1');
  await once(client, 'connect');
});

afterEach(async () => {
  client.destroy();
  await proxy.close();
  server.close();
});

/** The passages for what one side sends, in turn; everything else passes. */
function treat(from: 'client' | 'server', ...passages: Passage[]): void {
  proxy.treat((side) => (side === from ? passages.shift() : undefined) ?? { kind: 'pass' });
}

async function untilReceived(wanted: string): Promise<void> {
  while (received !== wanted) await once(server, 'received');
}

describe('a breakable proxy', () => {
  it('passes everything on until it is told otherwise', async () => {
    client.write('ping');

    expect(String((await once(client, 'data'))[0])).toBe('ping');
  });

  it('keeps the order when a piece is late', async () => {
    treat('client', { kind: 'late', ms: 30 });

    client.write('first ');
    await new Promise((resolve) => setImmediate(resolve));
    client.write('second');

    await untilReceived('first second');
  });

  it('cuts the connection instead of delivering a request', async () => {
    treat('client', { kind: 'cut' });

    client.write('ping');
    await once(client, 'close');

    expect(received).toBe('');
  });

  it('cuts the connection instead of delivering a reply, after the request went through', async () => {
    treat('server', { kind: 'cut' });
    let answered = '';
    client.on('data', (data) => {
      answered += String(data);
    });

    client.write('ping');
    await once(client, 'close');

    expect([received, answered]).toEqual(['ping', '']);
  });

  it('delivers nothing any more on a muted connection, which breaks in the end', async () => {
    treat('client', { kind: 'mute', ms: 30 });

    client.write('first');
    client.write('second');
    await once(client, 'close');

    expect(received).toBe('');
  });

  it('delivers what is under way although its sender is gone', async () => {
    treat('client', { kind: 'late', ms: 30 });

    client.end('last words');
    client.on('error', () => undefined);
    client.once('finish', () => client.destroy());

    await untilReceived('last words');
  });
});
