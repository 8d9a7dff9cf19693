import type { Role } from '../platform/config/api-token.ts';
import { AppError } from '../platform/errors.ts';
import type { Actor } from './actor.ts';

/** Which roles may do what. */
const allowedRoles = {
  read: ['viewer', 'operator', 'approver', 'admin'],
  submit: ['operator', 'admin'],
} as const satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof allowedRoles;

/** Raises `forbidden` unless one of the actor's roles allows the action. */
export function authorize(actor: Actor, action: Action): void {
  const allowed: readonly Role[] = allowedRoles[action];
  if (actor.roles.some((role) => allowed.includes(role))) return;
  throw new AppError('forbidden', `this takes one of the roles ${allowed.join(', ')}`);
}
