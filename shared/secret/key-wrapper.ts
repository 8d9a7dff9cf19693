import type { Secret } from '../platform/secret.ts';

/** A master key that wraps other keys and never leaves the place where it is kept. */
export interface KeyWrapper {
  /**
   * A fresh key of 32 bytes, in base64, and its wrapped form as text. Raises `unavailable` when the place cannot be
   * reached or does not know or allow the master key.
   */
  makeKey(masterKeyId: string): Promise<{ key: Secret; wrapped: string }>;
  /** A key again from its wrapped form, in base64. Raises `unavailable` as {@link makeKey} does. */
  unwrapKey(wrapped: string): Promise<Secret>;
}
