import { z } from 'zod';
import { AppError } from '../../platform/errors.ts';
import { Secret } from '../../platform/secret.ts';

/** What Function Compute tells of an invocation; the role's credentials are new with each. */
const InvocationContext = z.object({
  credentials: z.object({
    accessKeyId: z.string().min(1),
    accessKeySecret: z.string().transform((text) => new Secret(text)),
    securityToken: z
      .string()
      .default('')
      .transform((text) => (text === '' ? null : new Secret(text))),
  }),
});

/** An access key of the function's role, good for a while. */
export type RoleCredentials = z.infer<typeof InvocationContext>['credentials'];

/** The role's credentials as the newest invocation brought them. */
export interface RoleCredentialsSource {
  /** Takes them from an invocation's context; one without a role brings none. */
  take(context: unknown): void;
  /** Raises `internal` when no invocation has brought any. */
  current(): Promise<RoleCredentials>;
}

/**
 * A place for them; nothing is kept beyond the newest. Until the first invocation they are those of the environment, if it
 * has any: what a function needs to start is asked for before.
 */
export function createRoleCredentials(
  atStart: RoleCredentials | null = null,
): RoleCredentialsSource {
  let newest = atStart;
  return {
    take(context) {
      newest = InvocationContext.safeParse(context).data?.credentials ?? null;
    },
    current: () =>
      newest
        ? Promise.resolve(newest)
        : Promise.reject(new AppError('internal', 'the invocation brought no credentials')),
  };
}
