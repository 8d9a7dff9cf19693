import { z } from 'zod';

/** What a caller may be: reads, submits, approves, or all of it. */
export const roles = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What somebody is called in jobs, journal and audit, whatever way he comes. */
export const ActorName = z
  .string('must be a text')
  .regex(/^[\w.@+-]{1,64}$/, 'must be 1 to 64 letters, digits or . _ @ + -');

/** What somebody may do. */
export const Roles = z
  .array(
    z.enum(roles, `must be one of ${roles.join(', ')}`),
    `must be a list of ${roles.join(', ')}`,
  )
  .min(1, 'must name at least one role');

/** One bearer token that is accepted: whose it is, its digest (never the token), and what it may do. */
export const ApiToken = z.strictObject({
  name: ActorName,
  sha256: z
    .string('must be a text')
    .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the token as 64 lower-case hex digits'),
  roles: Roles,
});
export type ApiToken = z.infer<typeof ApiToken>;

/** The value of `API_TOKENS`: at least one token, names and digests all different. */
export const ApiTokens = z
  .array(ApiToken, 'must be a JSON list of {"name","sha256","roles"}')
  .min(1, 'must hold at least one token')
  .refine((tokens) => new Set(tokens.map(({ name }) => name)).size === tokens.length, {
    message: 'must not use a name twice',
  })
  .refine((tokens) => new Set(tokens.map(({ sha256 }) => sha256)).size === tokens.length, {
    message: 'must not hold a token twice',
  });
