import { request as httpRequest, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { serveCustomRuntime } from '../../../../shared/adapters/fc/custom-runtime.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** What a function sees of a request that reaches it in a custom runtime. */
async function seen(headers: Record<string, string>): Promise<unknown> {
  const nothing = async (): Promise<void> => undefined;
  const entry = {
    handler: nothing,
    initialize: nothing,
    preStop: nothing,
    fetch: async (asked: Request) =>
      Response.json({ url: asked.url, headers: Object.fromEntries(asked.headers) }),
  };
  const { port, server } = await serveCustomRuntime(entry, { port: 0, write: () => undefined });
  servers.push(server);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/v1/jobs?limit=1', agent: false };
    const all = { 'x-fc-control-path': '/http-invoke', ...headers };
    const sent = httpRequest({ ...options, headers: all }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve(JSON.parse(text)));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a request in a custom runtime', () => {
  it.each([
    ['lanes.example.com', 'https://lanes.example.com/v1/jobs?limit=1'],
    ['lanes.example.com:8443', 'https://lanes.example.com:8443/v1/jobs?limit=1'],
    ['lanes.example.com:80@evil', 'https://unknown.invalid/v1/jobs?limit=1'],
    ['lanes.example.com:99999', 'https://unknown.invalid/v1/jobs?limit=1'],
    ['1.2.3.999', 'https://unknown.invalid/v1/jobs?limit=1'],
  ])('asked at %s has the address that its links are made of', async (host, url) => {
    expect(await seen({ host })).toMatchObject({ url });
  });

  it('has nothing of what the platform put into it', async () => {
    const credentials = { 'x-fc-security-token': 'canary', 'x-fc-request-id': '1-abc' };
    const text = JSON.stringify(await seen({ host: 'lanes.example.com', ...credentials }));

    expect(text).not.toMatch(/canary|x-fc-/);
    expect(text).toContain('"x-request-id":"1-abc"');
  });
});
