import { z } from 'zod';
import { AppError } from '../../platform/errors.ts';
import { redact } from './redact.ts';

/** Why a request certainly never left. Codes of ours, shown like the cloud's own. */
export type NotSentCode = 'ConnectionFailed' | 'CredentialsUnavailable' | 'ClientClosed';

/** How a call ended without an answer that can be understood. Codes of ours, shown like the cloud's own. */
export type MaybeSentCode = 'Timeout' | 'ConnectionReset' | 'UnreadableAnswer';

/** What one call came to, with nothing in it that the transport or the cloud said in clear. */
export type RpcAnswer =
  /** HTTP 2xx with a RequestId and no error code. The body may hold secrets in clear: parse it and let it go. */
  | {
      kind: 'ok';
      requestId: string;
      body: Readonly<Record<string, unknown>>;
      /** Its `Date` header, Unix milliseconds; null without one that can be read. */
      answeredAt: number | null;
    }
  /** The cloud answered with a code. `text` is its message, redacted, for debug lines alone. */
  | {
      kind: 'error';
      code: string;
      httpStatus: number;
      requestId: string | null;
      text: string | null;
    }
  /** The request certainly never left. */
  | { kind: 'not_sent'; code: NotSentCode }
  /** It may have arrived, and may have been carried out. */
  | { kind: 'maybe_sent'; code: MaybeSentCode; requestId: string | null };

const Exchange = z.object({ response: z.object({ statusCode: z.number() }) });
const Body = z.record(z.string(), z.unknown());
const Headers = z.object({ date: z.string().optional().catch(undefined) }).catch({});
const Answered = z.object({
  response: z.object({ statusCode: z.number(), headers: Headers }),
});
const Verbose = z.tuple([Body, Answered]);
const Refusal = z.object({
  code: z.union([z.string(), z.number().transform(String)]),
  data: z.object({ RequestId: z.unknown(), Message: z.unknown() }).partial(),
  entry: Exchange,
});
const Failure = z.object({
  name: z.string().optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  syscall: z.string().optional().catch(undefined),
});

const maxTextLength = 500;

/**
 * A settled request in pop-core's verbose form. HTTP status and RequestId decide, because the client itself looks only
 * at `Code`: a 500 without one, or a 302, would pass. Source: pop-core 1.8.0, `lib/rpc.js`.
 */
export function readAnswer(settled: unknown, secrets: readonly string[]): RpcAnswer {
  const parsed = Verbose.safeParse(settled);
  if (!parsed.success) return unreadable(null);
  const [body, { response }] = parsed.data;
  const requestId = safeToken(body.RequestId, secrets);
  const isSuccess = response.statusCode >= 200 && response.statusCode < 300;
  if (!isSuccess || requestId === null) return unreadable(requestId);
  return { kind: 'ok', requestId, body, answeredAt: timeOf(response.headers.date) };
}

function timeOf(date: string | undefined): number | null {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? null : at;
}

/** A rejection, whatever was thrown, as an answer. What was thrown is not kept. */
export function readRejection(thrown: unknown, secrets: readonly string[]): RpcAnswer {
  if (thrown instanceof AppError) return { kind: 'not_sent', code: 'CredentialsUnavailable' };
  const refusal = Refusal.safeParse(thrown);
  if (refusal.success) return readRefusal(refusal.data, secrets);
  return readFailure(thrown);
}

function readRefusal(refusal: z.infer<typeof Refusal>, secrets: readonly string[]): RpcAnswer {
  const { data, entry } = refusal;
  const requestId = safeToken(data.RequestId, secrets);
  const code = safeToken(refusal.code, secrets);
  if (code === null) return unreadable(requestId);
  const { statusCode } = entry.response;
  return {
    kind: 'error',
    code,
    httpStatus: statusCode,
    requestId,
    text: safeText(code, data.Message, secrets),
  };
}

/** A code or id as the cloud writes them; null for anything else, so that no free text gets through as one. */
function safeToken(value: unknown, secrets: readonly string[]): string | null {
  if (typeof value !== 'string' || !/^[A-Za-z0-9._-]{1,128}$/.test(value)) return null;
  return redact(value, secrets) === value ? value : null;
}

/** Signature errors quote every parameter of the request: their text is dropped whole, other texts are redacted. */
function safeText(code: string, message: unknown, secrets: readonly string[]): string | null {
  if (typeof message !== 'string' || /Signature|AccessKey|SecurityToken/i.test(code)) return null;
  if (/sign/i.test(message)) return null;
  return redact(message, secrets).slice(0, maxTextLength);
}

/** System calls before the first byte of a request. A code alone would not do: EHOSTUNREACH also ends open connections. */
const beforeSending = new Set(['connect', 'getaddrinfo']);

/** How the TLS layer of Node names a certificate that it does not accept. Source: Node's documentation of `tls`. */
const certificateCode =
  /^(CERT_|CRL_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;

function readFailure(thrown: unknown): RpcAnswer {
  const { name, code, syscall } = Failure.safeParse(thrown).data ?? {};
  if (isBeforeSending(thrown, syscall) || certificateCode.test(code ?? '')) {
    return { kind: 'not_sent', code: 'ConnectionFailed' };
  }
  if (name === 'RequestTimeoutError') return maybe('Timeout');
  if (thrown instanceof Error && code !== undefined) return maybe('ConnectionReset');
  return unreadable(null);
}

/** Trying several addresses of a name fails with an AggregateError of what each of them met. */
function isBeforeSending(thrown: unknown, syscall: string | undefined): boolean {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    return thrown.errors.every((each) =>
      isBeforeSending(each, Failure.safeParse(each).data?.syscall),
    );
  }
  return syscall !== undefined && beforeSending.has(syscall);
}

function maybe(code: MaybeSentCode): RpcAnswer {
  return { kind: 'maybe_sent', code, requestId: null };
}

function unreadable(requestId: string | null): RpcAnswer {
  return { kind: 'maybe_sent', code: 'UnreadableAnswer', requestId };
}
