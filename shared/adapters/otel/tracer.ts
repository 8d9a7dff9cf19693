import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';
import type { Secret } from '../../platform/secret.ts';
import { reveal } from '../../platform/secret-reveal.ts';
import type { Span, SpanStart, Tracer } from '../../platform/tracing.ts';

/** Where spans go and who sends them. */
export interface OtelSettings {
  /** Base URL of an OTLP receiver over HTTP; `/v1/traces` is put to it. */
  endpoint: string;
  /** `name=value,…` for each request, as OTEL_EXPORTER_OTLP_HEADERS is written; values percent-encoded. */
  headers: Secret | null;
  /** The function whose spans these are. */
  function: string;
  clock: Clock;
}

const kinds = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
} as const;

/** The longest that anybody waits for the receiver. */
const patienceMs = 1_000;

/** A tracer over OpenTelemetry's SDK, without its global state. */
export function createOtelTracer(settings: OtelSettings): Tracer {
  const processor = new BatchSpanProcessor(
    new OTLPTraceExporter({
      url: `${settings.endpoint}/v1/traces`,
      headers: headersOf(settings.headers),
      timeoutMillis: patienceMs,
    }),
    { exportTimeoutMillis: patienceMs },
  );
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'lanekeeper',
      'faas.name': settings.function,
    }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('lanekeeper');
  const around = new AsyncLocalStorage<Context>();

  return {
    isRecording: true,
    inSpan({ name, kind, parent, attributes = {} }, work) {
      const context = contextOf(parent) ?? around.getStore() ?? ROOT_CONTEXT;
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, context);
      return around.run(trace.setSpan(context, span), () => finish(span, work));
    },
    async flush() {
      const done = new AbortController();
      // A receiver that is away loses spans, and nothing else.
      const flushed = provider.forceFlush().catch(() => undefined);
      await Promise.race([flushed, settings.clock.sleep(patienceMs, done.signal)]);
      done.abort();
    },
  };
}

async function finish<Result>(
  span: OtelSpan,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const flags = traceFlags.toString(16).padStart(2, '0');
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  try {
    return await work({
      traceparent,
      set: (attributes) => {
        span.setAttributes(attributes);
      },
    });
  } catch (error) {
    // A message may hold more than should leave: its code says enough.
    const message = error instanceof AppError ? error.code : 'failed';
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    throw error;
  } finally {
    span.end();
  }
}

/** Source: W3C Trace Context, 3.2 "traceparent"; ids of zeros alone are invalid. */
function contextOf(traceparent: SpanStart['parent']): Context | null {
  const parts = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/.exec(
    traceparent ?? '',
  );
  const [, traceId, spanId, flags] = parts ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function headersOf(headers: Secret | null): Record<string, string> {
  if (headers === null) return {};
  const pairs = reveal(headers)
    .split(',')
    .filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
    }),
  );
}
