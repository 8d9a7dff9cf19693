import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { ResourceName } from '../../shared/platform/http/input.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import { PageQuery } from '../../shared/progress/list-query.ts';
import { ScheduleBody, ScheduleList } from '../../shared/schedule/schedule-body.ts';
import { ScheduleInput } from '../../shared/schedule/schema.ts';
import { EntityTag, problems, readProblems } from './parts.ts';

const named = { path: z.object({ name: ResourceName }) };
const schedule = { 'application/json': { schema: ScheduleBody } };
const job = { 'application/json': { schema: JobBody } };

const listSchedules: ZodOpenApiOperationObject = {
  operationId: 'listSchedules',
  summary: 'List schedules in the order of their creation',
  requestParams: { query: PageQuery },
  responses: {
    '200': { description: 'One page.', content: { 'application/json': { schema: ScheduleList } } },
    ...problems('invalid_request', ...readProblems),
  },
};

const getSchedule: ZodOpenApiOperationObject = {
  operationId: 'getSchedule',
  summary: 'Read a schedule with its next runs and what became of the last one',
  requestParams: named,
  responses: {
    '200': { description: 'The schedule.', content: schedule },
    ...problems('not_found', ...readProblems),
  },
};

const putSchedule: ZodOpenApiOperationObject = {
  operationId: 'putSchedule',
  summary: 'Create or replace a schedule',
  description:
    'Takes the role `operator`. Whoever writes a schedule is the submitter of its jobs. Keys are kept sealed and shown as `***`; a key written as `***` is refused.',
  requestParams: named,
  requestBody: {
    required: true,
    content: { 'application/json': { schema: ScheduleInput } },
  },
  responses: {
    '200': { description: 'Replaced.', content: schedule },
    '201': {
      description: 'Created.',
      headers: { Location: { schema: { type: 'string' }, description: 'Path of the schedule.' } },
      content: schedule,
    },
    ...problems(
      'invalid_json',
      'invalid_request',
      'too_large',
      'unsupported_media_type',
      ...readProblems,
    ),
  },
};

const deleteSchedule: ZodOpenApiOperationObject = {
  operationId: 'deleteSchedule',
  summary: 'Delete a schedule; its jobs stay and go on',
  description: 'Takes the role `operator`.',
  requestParams: named,
  responses: {
    '204': { description: 'Deleted.' },
    ...problems('not_found', ...readProblems),
  },
};

const runSchedule: ZodOpenApiOperationObject = {
  operationId: 'runSchedule',
  summary: 'Run a schedule now',
  description:
    'Takes the role `operator`. Also when it is not enabled; its planned runs stay as they are. Refused with `conflict` while a job of it is unfinished, unless its `overlap` is `queue`.',
  requestParams: {
    ...named,
    header: z.object({
      'Idempotency-Key': z
        .string()
        .min(1)
        .max(128)
        .optional()
        .meta({ description: 'The same key again finds the same job, for 7 days.' }),
    }),
  },
  responses: {
    '202': {
      description: 'Submitted.',
      headers: {
        Location: { schema: { type: 'string' }, description: 'Path of the job.' },
        ...EntityTag,
      },
      content: job,
    },
    '200': { description: 'The key was used before: that job.', headers: EntityTag, content: job },
    ...problems(
      'invalid_plan',
      'invalid_request',
      'not_found',
      'conflict',
      'idempotency_key_reused',
      ...readProblems,
    ),
  },
};

/** What is done with schedules. */
export const schedulePaths: ZodOpenApiPathsObject = {
  '/v1/schedules': { get: listSchedules },
  '/v1/schedules/{name}': { get: getSchedule, put: putSchedule, delete: deleteSchedule },
  '/v1/schedules/{name}/run': { post: runSchedule },
};
