import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll } from 'vitest';

const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A cloud that repeats in its error messages what it was sent, as the real one does with bad parameters. */
export interface EchoingCloud {
  url: string;
  /** How often it refused and repeated. */
  echoes(): number;
}

/**
 * Stands before another cloud. Whatever would change one of `refused`, by id, is answered 400, with the whole request in the
 * message: as it was sent, decoded, and in base64. Everything else goes through.
 */
export async function startEchoingCloud(
  url: string,
  refused: readonly string[],
): Promise<EchoingCloud> {
  let echoes = 0;
  const server = createServer((request, response) => {
    // Where the cloud behind breaks a connection, so does this one.
    answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const path = request.url ?? '/';
    const sent = `${decoded(path)}&${decoded(body)}`;
    if (sent.includes('Action=Modify') && refused.some((id) => sent.includes(id))) {
      echoes += 1;
      const message = `invalid: ${body} ${sent} ${Buffer.from(sent).toString('base64')}`;
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          Code: 'IllegalParam.Psk',
          Message: message,
          Recommend: `https://next.api.aliyun.com/troubleshoot?q=${encodeURIComponent(sent)}`,
          RequestId: 'echo',
          HostId: 'vpc.aliyuncs.com',
        }),
      );
      return;
    }
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const passed = await fetch(`${url}${path}`, {
      method: request.method ?? 'POST',
      headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
      ...(body === '' ? {} : { body }),
    });
    const type = passed.headers.get('content-type') ?? 'application/json';
    const date = passed.headers.get('date');
    response.writeHead(passed.status, { 'content-type': type, ...(date ? { date } : {}) });
    response.end(await passed.text());
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, echoes: () => echoes };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
