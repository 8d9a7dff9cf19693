import type { Role } from '../platform/config/api-token.ts';
import { AppError } from '../platform/errors.ts';
import type { Actor } from './actor.ts';

interface Rule {
  roles: readonly Role[];
  /** Whether it changes something: then every call of it is audited, not only the refused ones. */
  isVerb: boolean;
}

/** The one table of which roles may do what. */
export const permissions = {
  read: { roles: ['viewer', 'operator', 'approver', 'admin'], isVerb: false },
  submit: { roles: ['operator', 'admin'], isVerb: true },
  steer: { roles: ['operator', 'admin'], isVerb: true },
  approve: { roles: ['approver', 'admin'], isVerb: true },
  freeze: { roles: ['operator', 'admin'], isVerb: true },
  audit: { roles: ['admin'], isVerb: false },
} as const satisfies Record<string, Rule>;

export type Action = keyof typeof permissions;

/** Raises `forbidden` unless one of the actor's roles allows the action. */
export function authorize(actor: Actor, action: Action): void {
  const allowed: readonly Role[] = permissions[action].roles;
  if (actor.roles.some((role) => allowed.includes(role))) return;
  throw new AppError('forbidden', `this takes one of the roles ${allowed.join(', ')}`);
}
