import { clearValueOf, type Secret } from './secret.ts';

/** The one door through which a secret leaves its wrapper. The import rules name the modules that may open it. */
export function reveal(secret: Secret): string {
  return clearValueOf(secret);
}
