import { timingSafeEqual } from 'node:crypto';
import { ApiFault } from './errors.ts';

/** How far a request's timestamp may be off, milliseconds (help page of `InvalidTimeStamp.Expired`). */
export const MAX_SKEW_MS = 15 * 60_000;

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const UNRESERVED_BUT_ENCODED = /[!'()*]/g;

/** Percent-encoding of RFC 3986, as both signatures want it. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    UNRESERVED_BUT_ENCODED,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Names and values, encoded and in the order of the names. */
export function canonicalForm(params: Iterable<readonly [name: string, value: string]>): string {
  return [...params]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&');
}

/** Compares signatures without telling by the time taken how much of them is right. */
export function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Unix milliseconds of a request's timestamp. @throws ApiFault `InvalidTimeStamp.Format`, `InvalidTimeStamp.Expired`. */
export function checkTimestamp(text: string, now: number): number {
  const timestamp = TIMESTAMP.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timestamp)) throw new ApiFault('InvalidTimeStamp.Format');
  if (Math.abs(timestamp - now) > MAX_SKEW_MS) throw new ApiFault('InvalidTimeStamp.Expired');
  return timestamp;
}

/** The fault of a signature that is not ours; it quotes what we signed, as the real server does. */
export function mismatch(quoted: string): ApiFault {
  return new ApiFault(
    'SignatureDoesNotMatch',
    `Specified signature is not matched with our calculation. server string to sign is:${quoted}`,
  );
}
