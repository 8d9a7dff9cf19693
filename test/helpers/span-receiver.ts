import { z } from 'zod';
import { answer, type SeenRequest, startScriptedServer } from './scripted-http-server.ts';

const Attributes = z
  .array(
    z.object({
      key: z.string(),
      value: z.looseObject({ stringValue: z.string().optional() }),
    }),
  )
  .transform(
    (pairs): Record<string, string> =>
      Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue ?? ''])),
  );

/** A span as OTLP over HTTP brings it in JSON. */
const ReceivedSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: Attributes,
  status: z.looseObject({ code: z.number().optional(), message: z.string().optional() }),
});
export type ReceivedSpan = z.infer<typeof ReceivedSpan>;

const Export = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.looseObject({ attributes: Attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(ReceivedSpan) })),
    }),
  ),
});

/** An OTLP receiver on a loopback port. */
export interface SpanReceiver {
  url: string;
  requests: readonly SeenRequest[];
  /** Every span so far, with the function that sent it. */
  spans(): (ReceivedSpan & { function: string | undefined })[];
  close(): Promise<void>;
}

export async function startSpanReceiver(): Promise<SpanReceiver> {
  const server = await startScriptedServer();
  server.play(answer(200, {}));
  return {
    url: server.url,
    requests: server.seen,
    spans: () =>
      server.seen.flatMap(({ body }) =>
        Export.parse(JSON.parse(body)).resourceSpans.flatMap(({ resource, scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) =>
            spans.map((span) => ({ ...span, function: resource.attributes['faas.name'] })),
          ),
        ),
      ),
    close: () => server.close(),
  };
}
