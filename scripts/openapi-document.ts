import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import { Plan } from '../shared/plan/schema.ts';
import { PendingPreview, PreviewBody } from '../shared/preview/preview-body.ts';
import { ChangeDetail, ChangeList } from '../shared/progress/change-body.ts';
import { JobBody, JobList } from '../shared/progress/job-body.ts';
import { ChangeQuery, JobQuery } from '../shared/progress/list-query.ts';
import { auditPaths } from './openapi/audit.ts';
import { journalPaths } from './openapi/journal.ts';
import {
  ChangeId,
  EntityTag,
  JobId,
  problems,
  type Responses,
  readProblems,
} from './openapi/parts.ts';
import { schedulePaths } from './openapi/schedules.ts';
import { steeringPaths } from './openapi/steering.ts';

const postJob: ZodOpenApiOperationObject = {
  operationId: 'submitJob',
  summary: 'Submit a change plan',
  description:
    'Takes the role `operator`. The job and all its changes are stored and readable when this answers; the cloud is asked afterwards.',
  requestParams: {
    header: z.object({
      'Idempotency-Key': z
        .string()
        .min(1)
        .max(128)
        .optional()
        .meta({ description: 'The same key and plan again find the same job, for 7 days.' }),
    }),
  },
  requestBody: {
    required: true,
    content: { 'application/json': { schema: Plan } },
  },
  responses: {
    '202': {
      description: 'Accepted.',
      headers: {
        Location: { schema: { type: 'string' }, description: 'Path of the job.' },
        ...EntityTag,
      },
      content: { 'application/json': { schema: JobBody } },
    },
    '200': {
      description: 'The same key and plan were accepted before: that job.',
      headers: EntityTag,
      content: { 'application/json': { schema: JobBody } },
    },
    ...problems(
      'invalid_json',
      'invalid_plan',
      'invalid_request',
      'too_large',
      'unsupported_media_type',
      'idempotency_key_reused',
      ...readProblems,
    ),
  },
};

const PreviewId = z
  .string()
  .meta({ description: 'Id of a preview.', example: 'prv_01KAJ0Q2Z5B4T7E9V3X6M8N1PT' });

const previewAnswers: Responses = {
  '200': {
    description: 'The preview.',
    content: { 'application/json': { schema: PreviewBody } },
  },
  '202': {
    description:
      'It takes longer than 20 seconds: reading went as far as the budget of previews allows. Ask again at `Location`.',
    headers: {
      Location: { schema: { type: 'string' }, description: 'Path of the preview.' },
      'Retry-After': { schema: { type: 'integer' }, description: 'Seconds until it can go on.' },
    },
    content: { 'application/json': { schema: PendingPreview } },
  },
};

const postPreview: ZodOpenApiOperationObject = {
  operationId: 'previewPlan',
  summary: 'Preview a change plan',
  description:
    'Takes the role `viewer`. Reads the regions of the plan, from an inventory up to 60 seconds old where there is one, and says what a job of the plan would do. Nothing is written to the cloud. Previews use at most a third of the read budget.',
  requestBody: {
    required: true,
    content: { 'application/json': { schema: Plan } },
  },
  responses: {
    ...previewAnswers,
    ...problems(
      'invalid_json',
      'invalid_plan',
      'too_large',
      'unsupported_media_type',
      ...readProblems,
    ),
  },
};

const getPreview: ZodOpenApiOperationObject = {
  operationId: 'getPreview',
  summary: 'Go on with a preview that was not ready',
  description:
    'Reads on where it stands, for up to 20 seconds. Kept for an hour. Served by `submit` alone, because it reads the cloud.',
  requestParams: { path: z.object({ previewId: PreviewId }) },
  responses: { ...previewAnswers, ...problems('not_found', ...readProblems) },
};

const listJobs: ZodOpenApiOperationObject = {
  operationId: 'listJobs',
  summary: 'List jobs, newest first',
  requestParams: { query: JobQuery },
  responses: {
    '200': { description: 'One page.', content: { 'application/json': { schema: JobList } } },
    ...problems('invalid_request', ...readProblems),
  },
};

const getJob: ZodOpenApiOperationObject = {
  operationId: 'getJob',
  summary: 'Read a job',
  requestParams: {
    path: z.object({ jobId: JobId }),
    header: z.object({
      'If-None-Match': z
        .string()
        .optional()
        .meta({ description: 'An `ETag` of an earlier answer.' }),
    }),
  },
  responses: {
    '200': {
      description: 'The job.',
      headers: EntityTag,
      content: { 'application/json': { schema: JobBody } },
    },
    '304': { description: 'Nothing has happened since.', headers: EntityTag },
    ...problems('not_found', ...readProblems),
  },
};

const listChanges: ZodOpenApiOperationObject = {
  operationId: 'listChanges',
  summary: "List a job's changes in plan order",
  requestParams: { path: z.object({ jobId: JobId }), query: ChangeQuery },
  responses: {
    '200': { description: 'One page.', content: { 'application/json': { schema: ChangeList } } },
    ...problems('invalid_request', 'not_found', ...readProblems),
  },
};

const getChange: ZodOpenApiOperationObject = {
  operationId: 'getChange',
  summary: 'Read a change with its steps',
  requestParams: { path: z.object({ jobId: JobId, changeId: ChangeId }) },
  responses: {
    '200': {
      description: 'The change.',
      content: { 'application/json': { schema: ChangeDetail } },
    },
    ...problems('not_found', ...readProblems),
  },
};

const getHealth: ZodOpenApiOperationObject = {
  operationId: 'getHealth',
  summary: 'Whether the service and its database answer',
  security: [],
  responses: {
    '200': {
      description: 'They do.',
      content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
    },
    ...problems('unavailable', 'internal'),
  },
};

const getMetrics: ZodOpenApiOperationObject = {
  operationId: 'getMetrics',
  summary: 'Numbers of the whole fleet, for Prometheus',
  description:
    'Takes the role `viewer`. The same whichever instance answers: jobs and changes by state, lanes, how long lanes are due, calls of the cloud, budget left, how long changes wait and settle.',
  responses: {
    '200': {
      description: 'Prometheus text format 0.0.4.',
      content: { 'text/plain': { schema: z.string() } },
    },
    ...problems(...readProblems),
  },
};

const getOpenApi: ZodOpenApiOperationObject = {
  operationId: 'getOpenApi',
  summary: 'This document',
  security: [],
  responses: {
    '200': {
      description: 'OpenAPI 3.1.',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
};

function chatCall(platform: string): ZodOpenApiOperationObject {
  return {
    operationId: `${platform}Call`,
    summary: `Where ${platform} calls in, with its signature instead of a token; 404 until it is configured`,
    security: [],
    responses: {
      '200': { description: 'An answer as the platform takes it, or nothing.' },
      ...problems('unauthenticated', 'not_found'),
    },
  };
}

/** The OpenAPI document as the text of its file. */
export function openApiText(): string {
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Lanekeeper',
      version: '1',
      description:
        'Changes many Alibaba Cloud IPsec-VPN connections in one go, one at a time wherever the cloud allows only one.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths: {
      '/v1/previews': { post: postPreview },
      '/v1/previews/{previewId}': { get: getPreview },
      '/v1/jobs': { get: listJobs, post: postJob },
      '/v1/jobs/{jobId}': { get: getJob },
      '/v1/jobs/{jobId}/changes': { get: listChanges },
      '/v1/jobs/{jobId}/changes/{changeId}': { get: getChange },
      ...schedulePaths,
      ...journalPaths,
      ...steeringPaths,
      ...auditPaths,
      '/v1/chatops/slack': { post: chatCall('slack') },
      '/v1/chatops/dingtalk': { post: chatCall('dingtalk') },
      '/v1/chatops/feishu': { post: chatCall('feishu') },
      '/v1/openapi.json': { get: getOpenApi },
      '/healthz': { get: getHealth },
      '/metrics': { get: getMetrics },
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  });
  return `${JSON.stringify(document, null, 2)}\n`;
}
