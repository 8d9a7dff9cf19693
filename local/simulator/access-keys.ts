import { ApiFault } from './errors.ts';
import { MAX_SKEW_MS } from './signing.ts';

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

/** The keys of the account and what they signed lately, whichever way. */
export class KeyRing {
  readonly #keys = new Map<string, AccessKey>();
  /** Nonces with the time until which their timestamps would still be accepted, in the order of their use. */
  readonly #nonces = new Map<string, number>();

  constructor(accessKeys: Readonly<Record<string, string | AccessKey>>) {
    for (const [id, key] of Object.entries(accessKeys)) {
      this.#keys.set(id, typeof key === 'string' ? { secret: key } : key);
    }
  }

  /**
   * The key that a request names, if it may be used with the security token that came along.
   * @throws ApiFault `InvalidAccessKeyId.NotFound`, `.Inactive`, `InvalidSecurityToken.Expired`, `.Malformed`.
   */
  find(id: string, securityToken: string | undefined, now: number): AccessKey {
    const key = this.#keys.get(id);
    if (!key) throw new ApiFault('InvalidAccessKeyId.NotFound');
    if (key.inactive) throw new ApiFault('InvalidAccessKeyId.Inactive');
    if (key.expiresAt !== undefined && now > key.expiresAt) {
      throw new ApiFault('InvalidSecurityToken.Expired');
    }
    if (key.securityToken === securityToken) return key;
    throw new ApiFault('InvalidSecurityToken.Malformed');
  }

  /** Uses up the nonce of a request with a right signature. @throws ApiFault `SignatureNonceUsed`. */
  useNonce(keyId: string, nonce: string, timestamp: number, now: number): void {
    for (const [old, expiry] of this.#nonces) {
      if (expiry >= now) break;
      this.#nonces.delete(old);
    }
    const name = `${keyId}|${nonce}`;
    if (this.#nonces.has(name)) throw new ApiFault('SignatureNonceUsed');
    this.#nonces.set(name, timestamp + MAX_SKEW_MS);
  }
}
