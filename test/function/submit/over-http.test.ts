import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, createTestApp } from '../../helpers/apps.ts';
import { withEmbedded } from '../../helpers/databases.ts';
import { aPlan } from '../../helpers/factories.ts';

const mebibyte = 1024 * 1024;

describe('POST /v1/jobs over a socket', () => {
  const database = withEmbedded();
  let server: ReturnType<typeof serve>;
  let port = 0;

  beforeAll(async () => {
    const { app } = createTestApp(database);
    server = serve({ fetch: (request) => app.fetch(request), port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    const address = server.address();
    port = isAddress(address) ? address.port : 0;
  });
  afterAll(async () => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });

  const headers = {
    Authorization: `Bearer ${bearer.operator}`,
    'Content-Type': 'application/json',
  };
  const post = (body: BodyOf) => {
    const init = { method: 'POST', headers, body, duplex: 'half' } as const;
    return fetch(`http://127.0.0.1:${port}/v1/jobs`, init);
  };

  it('takes a plan', async () => {
    expect((await post(JSON.stringify(aPlan()))).status).toBe(202);
  });

  it('refuses a body that announces too much, and goes on', async () => {
    const response = await post('x'.repeat(17 * mebibyte));

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'too_large' });
    expect((await post(JSON.stringify(aPlan()))).status).toBe(202);
  });

  it('refuses a body in chunks as soon as it is too large', async () => {
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (data) => {
        text += data;
        if (text.includes('\r\n\r\n')) resolve(text);
      });
    });
    socket.on('error', () => undefined);
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${head.join('')}\r\n`,
    );
    const chunk = Buffer.concat([
      Buffer.from(`${mebibyte.toString(16)}\r\n`),
      Buffer.alloc(mebibyte, 0x20),
      Buffer.from('\r\n'),
    ]);
    for (let sent = 0; sent < 18; sent += 1) socket.write(chunk);

    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
    expect((await post(JSON.stringify(aPlan()))).status).toBe(202);
  });

  it('goes on after a caller that hangs up in the middle', async () => {
    const socket = connect(port, '127.0.0.1');
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n${head.join('')}\r\n{"ti`,
    );
    await once(socket, 'connect');
    socket.destroy();

    expect((await post(JSON.stringify(aPlan()))).status).toBe(202);
  });
});

type BodyOf = string | ReadableStream;

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
