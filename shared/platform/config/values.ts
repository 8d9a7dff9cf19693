import { z } from 'zod';
import { Secret } from '../secret.ts';

/*
 * The kinds of value a variable can have. No message repeats the value: it may be secret.
 */

/** A whole number in decimal digits, `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,12}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

/** A value that is never shown again. */
export const SecretText = z.string().transform((value) => new Secret(value));

/** `postgres://…`, kept as a secret since it holds a password. */
export const DatabaseUrl = z
  .string()
  .refine(isDatabaseUrl, 'must be a URL such as postgres://user:password@host:5432/database')
  .transform((value) => new Secret(value));

function isDatabaseUrl(text: string): boolean {
  return /^postgres(ql)?:\/\/\S+$/.test(text) && URL.canParse(text);
}

const templateProbe = 'cn-region';

/** The base URL of a cloud API. `{region}` stands for the region; `http:` is for this machine only. */
export const CloudEndpoint = z
  .string()
  .refine(
    isEndpoint,
    'must be an https URL without path, query or password, {region} allowed; http only for localhost, 127.0.0.1 and [::1]',
  )
  .transform((text) => text.replace(/\/$/, ''));

/** The base URL of a service of one's own, which may be in the same network. */
export const HttpUrl = z
  .string()
  .refine(isHttpUrl, 'must be an http or https URL without query or password')
  .transform((text) => text.replace(/\/$/, ''));

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === '';
}

function isEndpoint(text: string): boolean {
  const filled = text.replaceAll('{region}', templateProbe);
  if (!URL.canParse(filled)) return false;
  const url = new URL(filled);
  const bare = url.pathname === '/' && url.search === '' && url.hash === '';
  if (!bare || url.username !== '' || url.password !== '') return false;
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback);
}

/** A service or function of Function Compute. It stands in URLs. Source: CreateFunction, "functionName". */
export const FunctionName = z
  .string()
  .regex(/^[A-Za-z_][\w-]{0,63}$/, 'must be 1 to 64 letters, digits, _ or -, no digit or - first');

/** JSON text, parsed. What it holds is checked by what it is piped into. */
export const JsonText = z.string().transform((text, context) => {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

/** An id that a chat platform gave an app. */
export const PlatformId = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'must be an id without spaces');
