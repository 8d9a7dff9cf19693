import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { exportJWK, generateKeyPair } from 'jose';
import { z } from 'zod';

/** A delivery as the receiver decrypted it. */
const ReceivedDocument = z.looseObject({
  version: z.string(),
  values: z.record(z.string(), z.unknown()).optional(),
});

type Receive = (
  request: { headers: IncomingMessage['headers']; body: string },
  deps: {
    signingSecret: string;
    privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
    nowSeconds: number;
    done: Map<string, unknown>;
    act: Readonly<Record<string, (document: unknown) => Promise<boolean>>>;
  },
) => Promise<{ status: number; body: string }>;

/** A request as it came over the wire. */
export interface WireRequest {
  headers: IncomingMessage['headers'];
  body: string;
}

/** The receiver of docs/sinks.md behind a real HTTP server on the loopback. */
export interface Receiver {
  url: string;
  signingSecret: string;
  encryptionKey: Record<string, unknown>;
  /** Everything that came, as it came. */
  requests: WireRequest[];
  /** Versions with their documents and stages, as the owner of the receiver keeps them. */
  versions: Map<string, { stage: string; values: unknown }>;
  /** Whether it answers that the values are installed. */
  installs: boolean;
  /** Answers instead of the receiver for as long as there are any. */
  instead: { status: number; body?: string; headers?: Record<string, string> }[];
  /** Puts a request to it that did not come from a sink. */
  receive(request: WireRequest, nowSeconds?: number): ReturnType<Receive>;
  close(): Promise<void>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The code of the page, run as it stands there. */
async function loadReceive(): Promise<Receive> {
  const page = await readFile(join(root, 'docs/sinks.md'), 'utf8');
  const [, code = ''] = /```js receiver\n([\s\S]*?)```/.exec(page) ?? [];
  // Below node_modules, so that the page's own import of jose is found.
  const folder = await mkdtemp(join(root, 'node_modules/.receiver-'));
  try {
    const path = join(folder, 'receiver.mjs');
    await writeFile(path, code);
    const module: { receive: Receive } = await import(/* @vite-ignore */ pathToFileURL(path).href);
    return module.receive;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a receiver with a key pair of its own. */
export async function startReceiver(alg = 'ECDH-ES+A256KW'): Promise<Receiver> {
  const receive = await loadReceive();
  const pair = await generateKeyPair(alg, { extractable: true });
  const signingSecret = 'a secret that both sides have known for long';
  const versions: Receiver['versions'] = new Map();
  const done = new Map<string, unknown>();
  const act = {
    deliver: async (given: unknown): Promise<boolean> => {
      const { version, values } = ReceivedDocument.parse(given);
      const known = versions.get(version);
      if (known && known.stage !== 'withdrawn') throw new Error('other values');
      versions.set(version, { stage: 'pending', values });
      return receiver.installs;
    },
    promote: async (given: unknown): Promise<boolean> => {
      const known = versions.get(ReceivedDocument.parse(given).version);
      if (!known) throw new Error('not delivered');
      known.stage = 'current';
      return false;
    },
    withdraw: async (given: unknown): Promise<boolean> => {
      const known = versions.get(ReceivedDocument.parse(given).version);
      if (known?.stage === 'current') throw new Error('promoted before');
      if (known) known.stage = 'withdrawn';
      return false;
    },
  };
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      const body = await readBody(request);
      receiver.requests.push({ headers: request.headers, body });
      const answer =
        receiver.instead.shift() ?? (await receiver.receive({ headers: request.headers, body }));
      const headers = 'headers' in answer ? answer.headers : {};
      response.writeHead(answer.status, headers).end(answer.body ?? '');
    };
    serve().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/keys?to=routers`,
    signingSecret,
    encryptionKey: { ...(await exportJWK(pair.publicKey)) },
    requests: [],
    versions,
    installs: false,
    instead: [],
    receive: (request, nowSeconds = Date.now() / 1000) =>
      receive(request, { signingSecret, privateKey: pair.privateKey, nowSeconds, done, act }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
