import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { ErrorCode } from '../../shared/platform/errors.ts';
import { errorCatalog } from '../../shared/platform/errors.ts';
import { Problem } from '../../shared/platform/http/problem.ts';

/** The answers of an operation. */
export type Responses = ZodOpenApiOperationObject['responses'];

const Stamped = {
  'X-Request-Id': { schema: { type: 'string' }, description: 'Names the request in the log.' },
} as const;
/** A job in a path. */
export const JobId = z
  .string()
  .meta({ description: 'Id of a job.', example: 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR' });
/** A change in a path. */
export const ChangeId = z
  .string()
  .meta({ description: 'Id of a change.', example: 'chg_01KAJ0Q2Z5B4T7E9V3X6M8N1PS' });
/** The headers of an answer that can be asked for again only if it changed. */
export const EntityTag = {
  ETag: { schema: { type: 'string' }, description: 'Changes when the job does.' },
} as const;

/** The problems that an operation answers with, by status. */
export function problems(...codes: readonly ErrorCode[]): Responses {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = errorCatalog[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [`${status}`, problemAnswer(group)]),
  );
}

type ProblemAnswer = ReturnType<typeof newProblemAnswer>;
const answers = new Map<string, ProblemAnswer>();

/** The same problems are described once, for all operations that answer with them. */
function problemAnswer(codes: readonly ErrorCode[]): ProblemAnswer {
  const id = codes.join('-or-');
  const answer = answers.get(id) ?? newProblemAnswer(id, codes);
  answers.set(id, answer);
  return answer;
}

function newProblemAnswer(id: string, codes: readonly ErrorCode[]) {
  return {
    id,
    description: codes.map((code) => `\`${code}\`: ${errorCatalog[code].title}.`).join(' '),
    headers: Stamped,
    content: { 'application/problem+json': { schema: Problem } },
  };
}

/** What every operation behind a token may answer. */
export const readProblems = [
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'unavailable',
  'internal',
] as const;
