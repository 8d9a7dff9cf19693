import { z } from 'zod';

const InvocationContext = z.object({ requestId: z.string().min(1) });

/** The platform's id of an invocation, under which its own logs have it; null when the context names none. */
export function requestIdOf(context: unknown): string | null {
  return InvocationContext.safeParse(context).data?.requestId ?? null;
}
