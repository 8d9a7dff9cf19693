import { createHash } from 'node:crypto';

/** The digest under which a bearer token is configured. */
export function digestOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
