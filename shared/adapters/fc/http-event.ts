import { z } from 'zod';
import { AppError } from '../../platform/errors.ts';
import type { Edge } from '../../platform/http/app.ts';
import { problemResponse } from '../../platform/http/problem.ts';
import { unknownHost } from '../../platform/http/unknown-host.ts';
import { jsonOf } from './events.ts';

/** What an HTTP trigger hands to a managed runtime, as far as it is used. Source: Function Compute 3.0, "HTTP trigger event". */
const HttpEvent = z.object({
  version: z.literal('v1'),
  /** Percent-encoded, without the query. */
  rawPath: z.string().regex(/^\//),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
  /** Names keep their case; repeated headers are joined by commas. */
  headers: z.record(z.string(), z.string()).default({}),
  /** Decoded; repeated keys are joined by commas. */
  queryParameters: z.record(z.string(), z.string()).default({}),
  requestContext: z.object({
    domainName: z.string().default(unknownHost),
    requestId: z.string().optional(),
    http: z.object({
      method: z.string().regex(/^[A-Z]{1,16}$/),
      sourceIp: z.string().optional(),
    }),
  }),
});
type HttpEvent = z.infer<typeof HttpEvent>;

/** What an HTTP trigger wants back. One value for each header name. */
export interface FcHttpResponse {
  statusCode: number;
  headers: Record<string, string>;
  isBase64Encoded: boolean;
  body: string;
}

/**
 * Answers HTTP events through a web-standard `fetch`. What is no HTTP event of version v1 (an API's caller may send anything)
 * is answered 400, after `onUnknown`.
 */
export async function answerHttpEvent(
  event: unknown,
  fetch: (request: Request, edge: Edge) => Promise<Response>,
  onUnknown: () => void = () => undefined,
): Promise<FcHttpResponse> {
  const request = requestOf(event);
  if (request === null) {
    onUnknown();
    const error = new AppError('invalid_request', 'the event is no HTTP request of version v1');
    return encodeResponse(problemResponse(error));
  }
  return encodeResponse(await fetch(request.request, request.edge));
}

function requestOf(event: unknown): { request: Request; edge: Edge } | null {
  const parsed = HttpEvent.safeParse(jsonOf(event));
  const request = parsed.success ? buildRequest(parsed.data) : null;
  if (request === null || !parsed.success) return null;
  return { request, edge: { address: parsed.data.requestContext.http.sourceIp ?? null } };
}

function buildRequest(event: HttpEvent): Request | null {
  const { rawPath, headers, requestContext } = event;
  const { domainName, requestId, http } = requestContext;
  const query = new URLSearchParams(event.queryParameters).toString();
  const url = `https://${domainName}${rawPath}${query === '' ? '' : `?${query}`}`;
  const body = Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8');
  const takesBody = http.method !== 'GET' && http.method !== 'HEAD' && body.length > 0;
  try {
    const request = new Request(url, {
      method: http.method,
      headers,
      body: takesBody ? body : null,
    });
    if (requestId !== undefined) request.headers.set('X-Request-Id', requestId);
    return request;
  } catch {
    return null;
  }
}

/** A response as the trigger wants it: text as it is, anything else in base64. */
export async function encodeResponse(response: Response): Promise<FcHttpResponse> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const isText = /^(text\/|application\/([\w.+-]+\+)?(json|x-ndjson)\b)/.test(
    response.headers.get('Content-Type') ?? 'text/',
  );
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    isBase64Encoded: !isText,
    body: bytes.toString(isText ? 'utf8' : 'base64'),
  };
}
