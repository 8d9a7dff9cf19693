import { z } from 'zod';
import { type AppError, errorCatalog } from '../errors.ts';

/** One fault of bad input. */
const ProblemFault = z.object({
  path: z.string().describe('JSON pointer (RFC 6901) to the place of the fault.'),
  message: z.string().describe('What is allowed there.'),
});

/** The body of every error (RFC 9457). */
export const Problem = z
  .object({
    type: z
      .string()
      .describe('A URI of the kind of problem: `urn:lanekeeper:problem:` and the code.'),
    title: z.string().describe('What the code means.'),
    status: z.int().describe('The HTTP status.'),
    detail: z.string().describe('What happened here.'),
    code: z.string().describe('The stable code to program against.'),
    errors: z.array(ProblemFault).optional().describe('For bad input: every fault.'),
    planDigest: z
      .string()
      .optional()
      .describe('For the approval of another digest: the one that the job has.'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

const neutralDetail =
  'the service met an unexpected fault; the request id helps to find it in the log';

/** What a caller is told of an error. Faults of ours that have no code of their own outside show as `internal`. */
function problemOf(error: AppError): Problem {
  const isInternal = errorCatalog[error.code].status === 500;
  const code = isInternal ? 'internal' : error.code;
  const { title, status } = errorCatalog[code];
  return {
    type: `urn:lanekeeper:problem:${code}`,
    title,
    status,
    detail: isInternal ? neutralDetail : error.message,
    code,
    ...(isInternal ? {} : error.members),
    ...(error.faults.length > 0 && !isInternal ? { errors: [...error.faults] } : {}),
  };
}

/** The error as a response, with the headers its code asks for. */
export function problemResponse(error: AppError): Response {
  const problem = problemOf(error);
  const headers = new Headers({ 'Content-Type': 'application/problem+json' });
  if (problem.code === 'unauthenticated') headers.set('WWW-Authenticate', 'Bearer');
  if (error.retryAfterSeconds !== undefined) {
    headers.set('Retry-After', String(Math.ceil(error.retryAfterSeconds)));
  }
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}
