import type { Clock } from '../clock.ts';
import { jsonOrNull } from '../json.ts';

/** A call of somebody's JSON API. */
export interface JsonCall {
  method: 'POST' | 'PATCH' | 'PUT';
  url: string;
  headers?: Readonly<Record<string, string>>;
  body: unknown;
}

/** What came of a call. `body` is null when it was no JSON. */
export type JsonAnswer =
  | { kind: 'answered'; status: number; body: unknown; retryInMs: number | null }
  | { kind: 'unreachable' };

/** Calls a JSON API once; never repeats, follows no redirect, never rejects. */
export type JsonClient = (call: JsonCall) => Promise<JsonAnswer>;

const msPerSecond = 1_000;

/** A client that waits so long for each answer. */
export function createJsonClient(clock: Clock, timeoutMs = 10_000): JsonClient {
  return async ({ method, url, headers, body }) => {
    const deadline = new AbortController();
    const done = new AbortController();
    const timer = clock.sleep(timeoutMs, done.signal).then(() => deadline.abort());
    try {
      const response = await fetch(url, {
        method,
        headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: deadline.signal,
      });
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      const retryInMs = Number.isFinite(seconds) ? seconds * msPerSecond : null;
      const text = await response.text();
      return { kind: 'answered', status: response.status, body: jsonOrNull(text), retryInMs };
    } catch {
      return { kind: 'unreachable' };
    } finally {
      done.abort();
      await timer;
    }
  };
}
