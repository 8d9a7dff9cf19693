import { inspect } from 'node:util';

const values = new WeakMap<Secret, string>();

/**
 * A value that must not be seen: a pre-shared key, a password, a token.
 * However it is printed, logged, serialised or inspected, it shows as `***`.
 * The only way to the value is `reveal` in `secret-reveal.ts`, which few modules may import.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value);
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

/** The clear value, for `secret-reveal.ts` alone. */
export function clearValueOf(secret: Secret): string {
  return values.get(secret) ?? '';
}
