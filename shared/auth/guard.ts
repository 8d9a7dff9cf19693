import type { ApiToken } from '../platform/config/api-token.ts';
import type { Actor } from './actor.ts';
import { authenticate } from './authenticate.ts';
import { type Action, authorize } from './authorize.ts';

/** Lets a request pass as somebody who may do the action. Raises `unauthenticated` or `forbidden`. */
export type Guard = (request: Request, action: Action) => Actor;

/** A guard that knows these tokens. */
export function createGuard(tokens: readonly ApiToken[]): Guard {
  return (request, action) => {
    const actor = authenticate(tokens, request.headers.get('Authorization'));
    authorize(actor, action);
    return actor;
  };
}
