import { z } from 'zod';
import { Secret } from '../../platform/secret.ts';

const Credentials = z.object({
  accessKeyId: z.string().min(1),
  accessKeySecret: z.string().transform((text) => new Secret(text)),
  securityToken: z
    .string()
    .default('')
    .transform((text) => (text === '' ? null : new Secret(text))),
});

/** An access key of the function's role, good for a while. */
export type RoleCredentials = z.infer<typeof Credentials>;

/** What Function Compute tells of an invocation, as far as it is used. Source: "Context" of its Node.js runtimes. */
const Context = z.object({
  requestId: z.string().min(1).nullable().catch(null),
  credentials: Credentials.nullable().catch(null),
  /** Seconds. */
  function: z.object({ timeout: z.coerce.number().positive() }).nullable().catch(null),
});

/** One invocation of a function. */
export interface Invocation {
  /** The platform's id of it, under which its own logs have it; null when it named none. */
  requestId: string | null;
  /** Null without a role. */
  credentials: RoleCredentials | null;
  /** When the platform ends it, in milliseconds from its begin; null when it did not say. */
  timeoutMs: number | null;
}

/** An invocation from its context, of which anything may be missing. */
export function invocationOf(context: unknown): Invocation {
  const known = Context.safeParse(context).data;
  const seconds = known?.function?.timeout;
  return {
    requestId: known?.requestId ?? null,
    credentials: known?.credentials ?? null,
    timeoutMs: seconds === undefined ? null : seconds * 1_000,
  };
}
