/*
 * Traces, as far as our code knows of them. Who records them is an adapter's business, and mostly nobody's.
 */

export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A piece of work while it is under way. */
export interface Span {
  /** Its place in its trace, as W3C Trace Context writes it (`00-…`); null when nobody records. */
  traceparent: string | null;
  /** Adds what became known meanwhile. */
  set(attributes: SpanAttributes): void;
}

export interface SpanStart {
  name: string;
  /** `server`: somebody asked for it and waits; `consumer`: it was asked for earlier; `client`: we ask somebody. */
  kind: 'server' | 'consumer' | 'client';
  /** A `traceparent` under which it belongs; absent, null or unreadable: the span around it, or a trace of its own. */
  parent?: string | null;
  attributes?: SpanAttributes;
}

/** Records spans. Never fails, and never makes work fail. */
export interface Tracer {
  /** Whether anything is recorded. */
  isRecording: boolean;
  /** Runs the work as a span; a rejection marks it as failed and passes through. */
  inSpan<Result>(start: SpanStart, work: (span: Span) => Promise<Result>): Promise<Result>;
  /** Sends what was recorded; resolves after a second at the latest, whatever the receiver does. */
  flush(): Promise<void>;
}

/** Records nothing. */
export const noTracer: Tracer = {
  isRecording: false,
  inSpan: (_start, work) => work({ traceparent: null, set: () => undefined }),
  flush: () => Promise.resolve(),
};
