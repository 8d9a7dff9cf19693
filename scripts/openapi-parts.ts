import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { ErrorCode } from '../shared/platform/errors.ts';
import { errorCatalog } from '../shared/platform/errors.ts';
import { Problem } from '../shared/platform/http/problem.ts';

export type Responses = ZodOpenApiOperationObject['responses'];

/** What every answer tells. */
const Stamped = {
  'X-Request-Id': { schema: { type: 'string' }, description: 'Names the request in the log.' },
} as const;
/** What answers with a job tell. */
export const EntityTag = {
  ETag: { schema: { type: 'string' }, description: 'Changes when the job does.' },
} as const;

/** The answers of an operation that fails with these codes. */
export function problems(...codes: readonly ErrorCode[]): Responses {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCatalog[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      `${status}`,
      {
        description: group.map((code) => `\`${code}\`: ${errorCatalog[code].title}.`).join(' '),
        headers: Stamped,
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  );
}

/** How any operation on the database that needs a role can fail. */
export const readProblems = [
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'unavailable',
  'internal',
] as const;
