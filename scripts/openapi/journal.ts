import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { ChainedEvent } from '../../shared/journal/chain.ts';
import { SignedSeal } from '../../shared/journal/seal.ts';
import { Verification } from '../../shared/journal/verification.ts';
import { KeySet, PendingVerification } from '../../shared/progress/journal-routes.ts';
import { JournalQuery } from '../../shared/progress/list-query.ts';
import { JobId, problems, readProblems } from './parts.ts';

const getJournal: ZodOpenApiOperationObject = {
  operationId: 'getJournal',
  summary: "Read a job's journal, change by change in plan order",
  description:
    'NDJSON, one event a line. The last page of a job that has ended closes with its seal. All pages one after the other are what `npm run verify` checks.',
  requestParams: { path: z.object({ jobId: JobId }), query: JournalQuery },
  responses: {
    '200': {
      description: 'One page, at most 4 MiB.',
      headers: {
        Link: {
          schema: { type: 'string' },
          description: 'Path of the next page, `rel="next"`; absent on the last one.',
        },
      },
      content: { 'application/x-ndjson': { schema: z.union([ChainedEvent, SignedSeal]) } },
    },
    ...problems('invalid_request', 'not_found', ...readProblems),
  },
};

const getVerification: ZodOpenApiOperationObject = {
  operationId: 'getVerification',
  summary: "Whether a job's journal shows that the promises were kept",
  description: 'Made by the worker when the job has ended.',
  requestParams: { path: z.object({ jobId: JobId }) },
  responses: {
    '200': {
      description: 'The journal, replayed against the promises.',
      content: { 'application/json': { schema: Verification } },
    },
    '202': {
      description: 'It is not there yet: the job runs, or ended a moment ago.',
      headers: {
        'Retry-After': {
          schema: { type: 'integer' },
          description: 'Seconds; where the job has ended.',
        },
      },
      content: { 'application/json': { schema: PendingVerification } },
    },
    ...problems('not_found', ...readProblems),
  },
};

const getKeys: ZodOpenApiOperationObject = {
  operationId: 'getKeys',
  summary: 'The public keys that seals are checked with',
  responses: {
    '200': { description: 'The keys.', content: { 'application/json': { schema: KeySet } } },
    ...problems(...readProblems),
  },
};

/** The journal of a job, its check and the keys that vouch for it. */
export const journalPaths: ZodOpenApiPathsObject = {
  '/v1/jobs/{jobId}/journal': { get: getJournal },
  '/v1/jobs/{jobId}/verification': { get: getVerification },
  '/v1/keys': { get: getKeys },
};
