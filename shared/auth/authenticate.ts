import { createHash } from 'node:crypto';
import { equalInConstantTime } from '../platform/canonical.ts';
import type { ApiToken } from '../platform/config/api-token.ts';
import { AppError } from '../platform/errors.ts';
import type { Actor } from './actor.ts';

/**
 * The actor whose token the `Authorization` header carries. Every known token is compared, each in constant time,
 * so that the time taken tells nothing. Raises `unauthenticated`.
 */
export function authenticate(tokens: readonly ApiToken[], authorization: string | null): Actor {
  const token = /^Bearer +([\x21-\x7e]{1,1024}) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    throw new AppError('unauthenticated', 'the Authorization header must be Bearer and a token');
  }
  const digest = createHash('sha256').update(token).digest('hex');
  const [found] = tokens.filter(({ sha256 }) => equalInConstantTime(sha256, digest));
  if (found === undefined) throw new AppError('unauthenticated', 'the token is not known');
  return { name: found.name, roles: found.roles };
}
