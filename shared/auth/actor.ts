import type { Role } from '../platform/config/api-token.ts';

/** Who asks, as the token says. */
export interface Actor {
  name: string;
  roles: readonly Role[];
}
