import { createHash } from 'node:crypto';
import { ApiFault } from './errors.ts';
import type { Parameters } from './parameters.ts';
import type { Json } from './shapes.ts';

/** Parameters that differ between two sendings of one request. */
const TRANSPORT: ReadonlySet<string> = new Set([
  'Signature',
  'SignatureNonce',
  'SignatureMethod',
  'SignatureVersion',
  'Timestamp',
  'Format',
  'AccessKeyId',
  'SecurityToken',
  'ClientToken',
]);

/** A digest of what a request asks for; a digest because the parameters hold keys. */
export function fingerprintOf(params: Parameters): string {
  const hash = createHash('sha256');
  const asked = [...params].filter(([name]) => !TRANSPORT.has(name));
  for (const [name, value] of asked.sort(([left], [right]) => (left < right ? -1 : 1))) {
    hash.update(`${name.length}:${name}${value.length}:${value}`);
  }
  return hash.digest('base64');
}

interface BoundToken {
  readonly fingerprint: string;
  readonly answer: Json;
  readonly boundAt: number;
}

/** Client tokens of accepted requests and what they were answered (help page on VPC idempotence). */
export class TokenMemory {
  readonly #bound = new Map<string, BoundToken>();
  readonly #windowMs: number;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The earlier answer, if any. @throws ApiFault `IdempotentParameterMismatch`. */
  find(key: string, fingerprint: string, now: number): Json | null {
    this.#forget(now);
    const bound = this.#bound.get(key);
    if (!bound) return null;
    if (bound.fingerprint !== fingerprint) throw new ApiFault('IdempotentParameterMismatch');
    return bound.answer;
  }

  bind(key: string, fingerprint: string, answer: Json, now: number): void {
    this.#bound.set(key, { fingerprint, answer, boundAt: now });
  }

  /** The map keeps the order of binding, so the old ones stand in front. */
  #forget(now: number): void {
    for (const [key, { boundAt }] of this.#bound) {
      if (boundAt + this.#windowMs > now) return;
      this.#bound.delete(key);
    }
  }
}
