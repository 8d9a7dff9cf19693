import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createCheckedPost,
  type ResolveHost,
} from '../../../../shared/adapters/sinks/checked-post.ts';
import { createWebhookSink } from '../../../../shared/adapters/sinks/webhook.ts';
import { Sinks } from '../../../../shared/platform/config/sinks.ts';
import type { Sink } from '../../../../shared/sink/sink.ts';
import { aDelivery, valuesOf } from '../../../contract/sink-contract.ts';
import { type Receiver, startReceiver } from '../../../helpers/receiver.ts';

const open: Receiver[] = [];

afterEach(async () => {
  for (const receiver of open.splice(0)) await receiver.close();
});

/** The real time; pauses are noted and not waited for, deadlines never come. */
function aClock() {
  const pauses: number[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    if (!signal) pauses.push(ms);
    if (!signal) return Promise.resolve();
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  };
  return { pauses, now: () => Date.now(), monotonic: () => performance.now(), sleep };
}

interface World {
  receiver: Receiver;
  sink: Sink;
  pauses: readonly number[];
}

async function aWorld({
  alg,
  ...settings
}: {
  alg?: string;
  url?: string;
  allowedPrivateHosts?: readonly string[];
  resolve?: ResolveHost;
} = {}): Promise<World> {
  const receiver = await startReceiver(alg);
  open.push(receiver);
  const { url, signingSecret, encryptionKey } = receiver;
  const { resolve, ...own } = settings;
  const { it: parsed } = Sinks.parse({
    it: {
      type: 'webhook',
      url,
      signingSecret,
      encryptionKey,
      allowedPrivateHosts: ['127.0.0.1'],
      ...own,
    },
  });
  if (parsed?.type !== 'webhook') throw new Error('that is no webhook');
  const clock = aClock();
  const sink = createWebhookSink(parsed, { post: createCheckedPost(clock, resolve), clock });
  return { receiver, sink, pauses: clock.pauses };
}

describe('a webhook', () => {
  it.each(['RSA-OAEP-256', 'ECDH-ES+A256KW'])('encrypts to a key for %s', async (alg) => {
    const { receiver, sink } = await aWorld({ alg });

    expect((await sink.deliver(aDelivery(), valuesOf('key-1'))).kind).toBe('delivered');

    expect(receiver.versions.get('chg_1.tun-1')?.values).toEqual({
      'IkeConfig.Psk': 'key-1',
      'IkeConfig.IkePfs': 'group14',
    });
  });

  it('holds values nowhere but inside the JWE', async () => {
    const { receiver, sink } = await aWorld();
    const psk = 'HUSHhushHUSHhushHUSH';
    await sink.deliver(aDelivery(), valuesOf(psk));
    await sink.promote(aDelivery());

    const wire = JSON.stringify(receiver.requests);
    const decoded = receiver.requests
      .flatMap(({ body }) => body.split('.'))
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'));

    expect([wire, ...decoded].join()).not.toMatch(/HUSH|group14/);
    expect(wire).not.toContain(receiver.signingSecret);
  });

  it('says that values are acknowledged when the receiver does', async () => {
    const { receiver, sink } = await aWorld();
    receiver.installs = true;

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toEqual({ kind: 'acknowledged' });
  });

  it.each([
    '',
    'true',
    '{"acknowledged":"true"}',
    '{"acknowledged":false}',
    '[',
    'x'.repeat(70_000),
  ])('takes 2xx with the body %.30s for delivered alone', async (body) => {
    const { receiver, sink } = await aWorld();
    receiver.instead = [{ status: 202, body }];

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toEqual({ kind: 'delivered' });
  });

  it('signs time, id and body, with the same id on every retry', async () => {
    const { receiver, sink } = await aWorld();
    receiver.instead = [{ status: 503 }];
    await sink.deliver(aDelivery(), valuesOf('k'));

    const [first, second] = receiver.requests;
    for (const { headers, body } of receiver.requests) {
      const text = `${headers['lanekeeper-timestamp']}.${headers['lanekeeper-delivery']}.${body}`;
      const hex = createHmac('sha256', receiver.signingSecret).update(text).digest('hex');
      expect(headers['lanekeeper-signature']).toBe(`v1=${hex}`);
    }
    expect([first, second].map((each) => each?.headers['lanekeeper-delivery'])).toEqual([
      'deliver:chg_1.tun-1@2026-01-01T00:00:00.000Z',
      'deliver:chg_1.tun-1@2026-01-01T00:00:00.000Z',
    ]);
    expect(first?.body).not.toBe(second?.body);
  });

  it.each([
    ['another body', (body: string) => ({ body: `${body.slice(0, -2)}AA` })],
    [
      'another id',
      () => ({ 'lanekeeper-delivery': 'promote:chg_1.tun-1@2026-01-01T00:00:00.000Z' }),
    ],
    ['another time', () => ({ 'lanekeeper-timestamp': '1' })],
    ['no signature', () => ({ 'lanekeeper-signature': undefined })],
  ])('is not believed with %s', async (_, change) => {
    const { receiver, sink } = await aWorld();
    await sink.deliver(aDelivery(), valuesOf('k'));
    const [request] = receiver.requests;
    if (!request) throw new Error('nothing came');
    const { body = request.body, ...headers } = change(request.body) as Record<string, string>;

    const answer = await receiver.receive({ headers: { ...request.headers, ...headers }, body });

    expect(answer.status).toBe(401);
  });

  it('is not believed five minutes later', async () => {
    const { receiver, sink } = await aWorld();
    await sink.deliver(aDelivery(), valuesOf('k'));
    const [request] = receiver.requests;
    if (!request) throw new Error('nothing came');
    const now = Date.now() / 1000;

    expect((await receiver.receive(request, now + 295)).status).toBe(200);
    expect((await receiver.receive(request, now + 305)).status).toBe(401);
  });

  it.each([408, 425, 429, 500, 503])('tries again after %d, with pauses', async (status) => {
    const { receiver, sink, pauses } = await aWorld();
    receiver.instead = [{ status }, { status }];

    expect((await sink.deliver(aDelivery(), valuesOf('k'))).kind).toBe('delivered');

    expect(pauses).toEqual([500, 2_000]);
  });

  it('gives up after three attempts, and says that it may pass', async () => {
    const { receiver, sink } = await aWorld();
    receiver.instead = [{ status: 503 }, { status: 503 }, { status: 503 }, { status: 503 }];

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      kind: 'failed',
      error: { code: 'ReceiverUnavailable', isRetryable: true },
    });
    expect(receiver.requests).toHaveLength(3);
  });

  it.each([400, 401, 404, 409, 410, 418])('takes %d for a refusal, at once', async (status) => {
    const { receiver, sink } = await aWorld();
    receiver.instead = [{ status }];

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      error: { code: 'Refused', isRetryable: false },
    });
    expect(receiver.requests).toHaveLength(1);
  });

  it.each([301, 302, 307, 308])('follows no redirect (%d)', async (status) => {
    const { receiver, sink } = await aWorld();
    receiver.instead = [{ status, headers: { location: '/elsewhere' } }];

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      error: { code: 'Redirected', isRetryable: false },
    });
    expect(receiver.requests).toHaveLength(1);
  });

  it('tells a receiver that is not there as unreachable', async () => {
    const { receiver, sink } = await aWorld();
    await receiver.close();

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      error: { code: 'Unreachable', isRetryable: true },
    });
  });
});

describe('the addresses of a webhook', () => {
  const at =
    (...addresses: string[]): ResolveHost =>
    () =>
      Promise.resolve(
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  const url = 'https://routers.example.com/';

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
  ])('are refused before anything is sent when one is %s', async (address) => {
    const { sink } = await aWorld({
      url,
      allowedPrivateHosts: [],
      resolve: at('8.8.8.8', address),
    });

    expect(await sink.deliver(aDelivery(), valuesOf('k'))).toMatchObject({
      error: { code: 'AddressNotAllowed', isRetryable: false },
    });
  });

  it('are those that were checked, whatever the name resolves to a moment later', async () => {
    const receiver = await startReceiver();
    open.push(receiver);
    const { port } = new URL(receiver.url);
    const asked: string[] = [];
    const resolve: ResolveHost = async (host) => {
      asked.push(host);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    const clock = aClock();
    const post = createCheckedPost(clock, resolve);

    const answer = await post({
      url: new URL(`http://name-that-nobody-has.invalid:${port}/`),
      headers: {},
      body: 'x',
      timeoutMs: 1_000,
      mayBePrivate: true,
    });

    expect(answer).toMatchObject({ kind: 'answered', status: 401 });
    expect(receiver.requests[0]?.headers.host).toBe(`name-that-nobody-has.invalid:${port}`);
    expect(asked).toEqual(['name-that-nobody-has.invalid']);
  });

  it('are waited for no longer than the request may take', async () => {
    const clock = { ...aClock(), sleep: () => Promise.resolve() };
    const post = createCheckedPost(clock, () => new Promise(() => undefined));

    const answer = await post({
      url: new URL(url),
      headers: {},
      body: '',
      timeoutMs: 10,
      mayBePrivate: false,
    });

    expect(answer).toEqual({ kind: 'unreachable' });
  });
});
