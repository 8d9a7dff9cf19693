import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiFault } from './errors.ts';

/** A key that may sign requests. */
export interface AccessKey {
  readonly secret: string;
  /** For temporary credentials: the `SecurityToken` that must come along. */
  readonly securityToken?: string;
  /** Unix milliseconds after which the security token is expired. */
  readonly expiresAt?: number;
  /** A disabled key. */
  readonly inactive?: boolean;
}

/** How far a request's `Timestamp` may be off, milliseconds (help page of `InvalidTimeStamp.Expired`). */
const MAX_SKEW_MS = 15 * 60_000;

const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const UNRESERVED_BUT_ENCODED = /[!'()*]/g;

function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    UNRESERVED_BUT_ENCODED,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The string to sign of an RPC request (help page "Request signatures", RPC style). */
function stringToSign(method: string, params: ReadonlyMap<string, string>): string {
  const canonical = [...params]
    .filter(([name]) => name !== 'Signature')
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join('&');
  return `${method}&%2F&${percentEncode(canonical)}`;
}

/** Base64 HMAC-SHA1 of the string to sign. */
function signatureOf(text: string, secret: string): string {
  return createHmac('sha1', `${secret}&`).update(text).digest('base64');
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function required(params: ReadonlyMap<string, string>, name: string): string {
  const value = params.get(name);
  if (value) return value;
  throw new ApiFault(
    'MissingParameter',
    `The input parameter "${name}" that is mandatory for processing this request is not supplied.`,
  );
}

/** Remembers nonces for as long as their timestamps would still be accepted. */
class NonceMemory {
  readonly #expiries = new Map<string, number>();

  /** False when the nonce was seen before. */
  take(nonce: string, expiresAt: number, now: number): boolean {
    for (const [old, expiry] of this.#expiries) {
      if (expiry >= now) break;
      this.#expiries.delete(old);
    }
    if (this.#expiries.has(nonce)) return false;
    this.#expiries.set(nonce, expiresAt);
    return true;
  }
}

/** Checks a request's signature. */
export interface SignatureCheck {
  /** @throws ApiFault with the code of the first thing that is wrong. */
  verify(method: string, params: ReadonlyMap<string, string>, now: number): void;
}

/** Checks signatures of version 1.0 made with HMAC-SHA1, replays included. */
export function createSignatureCheck(
  accessKeys: Readonly<Record<string, string | AccessKey>>,
): SignatureCheck {
  const keys = new Map<string, AccessKey>();
  for (const [id, key] of Object.entries(accessKeys)) {
    keys.set(id, typeof key === 'string' ? { secret: key } : key);
  }
  const nonces = new NonceMemory();
  return {
    verify(method, params, now) {
      const keyId = required(params, 'AccessKeyId');
      checkMethod(params);
      const timestamp = checkTimestamp(required(params, 'Timestamp'), now);
      const nonce = required(params, 'SignatureNonce');
      const key = keys.get(keyId);
      if (!key) throw new ApiFault('InvalidAccessKeyId.NotFound');
      if (key.inactive) throw new ApiFault('InvalidAccessKeyId.Inactive');
      checkSecurityToken(key, params.get('SecurityToken'), now);
      checkSignature(method, params, key);
      if (!nonces.take(`${keyId}|${nonce}`, timestamp + MAX_SKEW_MS, now)) {
        throw new ApiFault('SignatureNonceUsed');
      }
    },
  };
}

function checkMethod(params: ReadonlyMap<string, string>): void {
  if (required(params, 'SignatureMethod') !== 'HMAC-SHA1') {
    throw new ApiFault('InvalidSignatureMethod');
  }
  if (required(params, 'SignatureVersion') !== '1.0') throw new ApiFault('IncompleteSignature');
}

function checkTimestamp(text: string, now: number): number {
  const timestamp = TIMESTAMP.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timestamp)) throw new ApiFault('InvalidTimeStamp.Format');
  if (Math.abs(timestamp - now) > MAX_SKEW_MS) throw new ApiFault('InvalidTimeStamp.Expired');
  return timestamp;
}

function checkSecurityToken(key: AccessKey, token: string | undefined, now: number): void {
  if (key.expiresAt !== undefined && now > key.expiresAt) {
    throw new ApiFault('InvalidSecurityToken.Expired');
  }
  if (key.securityToken === token) return;
  throw new ApiFault('InvalidSecurityToken.Malformed');
}

function checkSignature(method: string, params: ReadonlyMap<string, string>, key: AccessKey): void {
  const given = params.get('Signature');
  if (!given) throw new ApiFault('IncompleteSignature');
  const text = stringToSign(method, params);
  if (isSame(given, signatureOf(text, key.secret))) return;
  // The real server quotes every parameter here, values URL-encoded twice (issue aliyun/openapi-core-ruby-sdk#32).
  throw new ApiFault(
    'SignatureDoesNotMatch',
    `Specified signature is not matched with our calculation. server string to sign is:${text}`,
  );
}
