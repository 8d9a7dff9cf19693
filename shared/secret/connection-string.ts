import type { Secret } from '../platform/secret.ts';
import { reveal } from '../platform/secret-reveal.ts';

/** `DATABASE_URL` in clear, for the entries that hand it to the driver, which takes it only so. */
export function connectionStringOf(url: Secret): string {
  return reveal(url);
}
