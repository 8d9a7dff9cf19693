import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTracer } from '../../../../shared/adapters/otel/open-tracer.ts';
import { systemClock as clock } from '../../../../shared/platform/clock.ts';
import { AppError } from '../../../../shared/platform/errors.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { noTracer, type Tracer } from '../../../../shared/platform/tracing.ts';
import { type SpanReceiver, startSpanReceiver } from '../../../helpers/span-receiver.ts';

const about = { function: 'worker', clock };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = `00-${traceId}-b7ad6b7169203331-01`;

let receiver: SpanReceiver;
let tracer: Tracer;

beforeEach(async () => {
  receiver = await startSpanReceiver();
  const headers = new Secret('x-team=net%20ops,authorization=Bearer abc');
  tracer = await openTracer({ endpoint: receiver.url, headers }, about);
});

afterEach(() => receiver.close());

const nothing = async () => undefined;

describe('without a receiver', () => {
  it('nothing is recorded, and work runs all the same', async () => {
    const none = await openTracer(null, about);

    expect(none).toBe(noTracer);
    expect(
      await none.inSpan(
        { name: 'a', kind: 'server', parent },
        async ({ traceparent }) => traceparent,
      ),
    ).toBeNull();
  });
});

describe('a tracer', () => {
  it('sends spans with the headers that it was given', async () => {
    await tracer.inSpan({ name: 'a', kind: 'server', attributes: { job: 'j', count: 2 } }, nothing);
    await tracer.flush();

    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/v1/traces' });
    expect(request?.headers).toMatchObject({ 'x-team': 'net ops', authorization: 'Bearer abc' });
    expect(receiver.spans()).toEqual([
      expect.objectContaining({
        name: 'a',
        function: 'worker',
        attributes: { job: 'j', count: '' },
      }),
    ]);
  });

  it('puts a span under the parent that is named, else under the one around it', async () => {
    const [outer, inner] = await tracer.inSpan({ name: 'outer', kind: 'server', parent }, (span) =>
      tracer.inSpan({ name: 'inner', kind: 'client' }, async (child) => [
        span.traceparent,
        child.traceparent,
      ]),
    );
    await tracer.flush();

    const [client, server] = receiver.spans();
    expect(server).toMatchObject({ name: 'outer', traceId, parentSpanId: 'b7ad6b7169203331' });
    expect(client).toMatchObject({ name: 'inner', traceId, parentSpanId: server?.spanId });
    expect(outer).toBe(`00-${traceId}-${server?.spanId}-01`);
    expect(inner).toBe(`00-${traceId}-${client?.spanId}-01`);
  });

  it.each([
    ['no text of that form', 'b7ad6b7169203331'],
    ['a trace of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ])('begins a trace of its own under %s', async (_, wrong) => {
    await tracer.inSpan({ name: 'a', kind: 'server', parent: wrong }, nothing);
    await tracer.flush();

    const [span] = receiver.spans();
    expect(span?.parentSpanId ?? '').toBe('');
    expect(span?.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  });

  it('marks what fails, by its code alone, and lets the failure through', async () => {
    const failure = new AppError('unavailable', 'the database at 10.0.0.1 is away');

    await expect(
      tracer.inSpan({ name: 'a', kind: 'server' }, () => Promise.reject(failure)),
    ).rejects.toBe(failure);
    await tracer.flush();

    expect(receiver.spans()[0]?.status).toMatchObject({ code: 2, message: 'unavailable' });
    expect(receiver.requests[0]?.body).not.toContain('10.0.0.1');
  });

  it('goes on when the receiver is gone', async () => {
    await receiver.close();
    await tracer.inSpan({ name: 'a', kind: 'server' }, nothing);

    const startedAt = clock.monotonic();
    await tracer.flush();

    expect(clock.monotonic() - startedAt).toBeLessThan(1_500);
  });
});
