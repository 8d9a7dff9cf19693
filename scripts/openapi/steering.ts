import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { ConsentBody } from '../../functions/submit/approval-routes.ts';
import { AcknowledgeBody } from '../../functions/submit/change-verb-routes.ts';
import { FollowUpBody } from '../../functions/submit/follow-up-routes.ts';
import { FreezeBody, FreezeList } from '../../functions/submit/freeze-routes.ts';
import { OrderBody } from '../../functions/submit/verb-routes.ts';
import { FreezeInput } from '../../shared/freeze/freeze.ts';
import type { ErrorCode } from '../../shared/platform/errors.ts';
import { ResourceName } from '../../shared/platform/http/input.ts';
import { ChangeBody } from '../../shared/progress/change-body.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import { ChangeId, EntityTag, JobId, problems, readProblems } from './parts.ts';

function steer(verb: string, summary: string, description: string): ZodOpenApiOperationObject {
  return {
    operationId: `${verb}Job`,
    summary,
    description: `Takes the role \`operator\`. ${description} Twice is the same as once.`,
    requestParams: { path: z.object({ jobId: JobId }) },
    requestBody: { required: true, content: { 'application/json': { schema: OrderBody } } },
    responses: {
      '200': {
        description: 'The job, as it is now.',
        headers: EntityTag,
        content: { 'application/json': { schema: JobBody } },
      },
      ...orderProblems,
    },
  };
}

const orderProblems = problems(
  'invalid_json',
  'invalid_request',
  'not_found',
  'conflict',
  'too_large',
  'unsupported_media_type',
  ...readProblems,
);

function steerChange(
  verb: string,
  summary: string,
  description: string,
): ZodOpenApiOperationObject {
  return {
    operationId: `${verb}Change`,
    summary,
    description: `Takes the role \`operator\`. ${description} Twice is the same as once.`,
    requestParams: { path: z.object({ jobId: JobId, changeId: ChangeId }) },
    requestBody: { required: true, content: { 'application/json': { schema: OrderBody } } },
    responses: {
      '200': {
        description: 'The change, as it is now.',
        content: { 'application/json': { schema: ChangeBody } },
      },
      ...orderProblems,
    },
  };
}

function consent(
  verb: string,
  summary: string,
  description: string,
  more: ZodOpenApiOperationObject['responses'] = {},
): ZodOpenApiOperationObject {
  return {
    operationId: `${verb}Job`,
    summary,
    description: `Takes the role \`approver\`, and is never for whoever submitted the job. ${description} Another digest than the job's is answered 409 with the job's \`planDigest\`. Twice is the same as once.`,
    requestParams: { path: z.object({ jobId: JobId }) },
    requestBody: { required: true, content: { 'application/json': { schema: ConsentBody } } },
    responses: {
      '200': {
        description: 'The job, as it is now.',
        headers: EntityTag,
        content: { 'application/json': { schema: JobBody } },
      },
      ...more,
      ...orderProblems,
    },
  };
}

/** Submits a job that is made of another one. */
function followUp(of: {
  operationId: string;
  summary: string;
  description: string;
  answer: string;
  more?: readonly ErrorCode[];
}): ZodOpenApiOperationObject {
  const { operationId, summary, description, answer, more = [] } = of;
  return {
    operationId,
    summary,
    description,
    requestParams: {
      path: z.object({ jobId: JobId }),
      header: z.object({
        'Idempotency-Key': z.string().min(1).max(128).optional().meta({
          description:
            'The same key again finds the same job, for 7 days. Without one, asking again finds the job that you began until that has ended.',
        }),
      }),
    },
    requestBody: {
      required: false,
      content: { 'application/json': { schema: FollowUpBody } },
    },
    responses: {
      '202': {
        description: answer,
        headers: {
          Location: { schema: { type: 'string' }, description: 'Path of the job.' },
          ...EntityTag,
        },
        content: { 'application/json': { schema: JobBody } },
      },
      '200': {
        description: 'The same was asked for before: that job.',
        headers: EntityTag,
        content: { 'application/json': { schema: JobBody } },
      },
      ...problems(
        'invalid_json',
        'invalid_request',
        'not_found',
        'conflict',
        ...more,
        'too_large',
        'unsupported_media_type',
        'idempotency_key_reused',
        ...readProblems,
      ),
    },
  };
}

const freezePath = { path: z.object({ name: ResourceName }) };
const oneFreeze = {
  '200': { description: 'The freeze.', content: { 'application/json': { schema: FreezeBody } } },
} as const;

const listFreezes: ZodOpenApiOperationObject = {
  operationId: 'listFreezes',
  summary: 'List the freezes that have not ended',
  responses: {
    '200': {
      description: 'All of them, the one that ends first in front.',
      content: { 'application/json': { schema: FreezeList } },
    },
    ...problems(...readProblems),
  },
};

const getFreeze: ZodOpenApiOperationObject = {
  operationId: 'getFreeze',
  summary: 'Read a freeze',
  requestParams: freezePath,
  responses: { ...oneFreeze, ...problems('not_found', ...readProblems) },
};

const putFreeze: ZodOpenApiOperationObject = {
  operationId: 'putFreeze',
  summary: 'Freeze a scope',
  description:
    'Takes the role `operator`. Nothing starts on what is frozen; what is in flight finishes. The last writing of a name wins.',
  requestParams: freezePath,
  requestBody: { required: true, content: { 'application/json': { schema: FreezeInput } } },
  responses: {
    ...oneFreeze,
    ...problems(
      'invalid_json',
      'invalid_request',
      'not_found',
      'too_large',
      'unsupported_media_type',
      ...readProblems,
    ),
  },
};

const deleteFreeze: ZodOpenApiOperationObject = {
  operationId: 'deleteFreeze',
  summary: 'End a freeze',
  description: 'Takes the role `operator`. What waited because of it goes on.',
  requestParams: freezePath,
  responses: {
    '204': { description: 'It has ended.' },
    ...problems('not_found', ...readProblems),
  },
};

/** What operators do to jobs, and to what may start. */
export const steeringPaths: ZodOpenApiPathsObject = {
  '/v1/jobs/{jobId}/pause': {
    post: steer(
      'pause',
      'Pause a job',
      'What is in flight finishes; nothing more starts until the job is resumed.',
    ),
  },
  '/v1/jobs/{jobId}/resume': {
    post: steer('resume', 'Let a paused job go on', 'A job that is not paused stays as it is.'),
  },
  '/v1/jobs/{jobId}/cancel': {
    post: steer(
      'cancel',
      'Cancel a job',
      'What is in flight finishes; the rest ends `cancelled` at once.',
    ),
  },
  '/v1/jobs/{jobId}/changes/{changeId}/retry': {
    post: steerChange(
      'retry',
      'Try a failed change once more',
      'The job must not have ended, nor stop: then retry the job. The change waits again for its turn, with the wish of the plan, its base as it was found, and a new request.',
    ),
  },
  '/v1/jobs/{jobId}/changes/{changeId}/skip': {
    post: steerChange(
      'skip',
      'Leave a change out',
      'A change of which nothing was written ends `skipped` at once. From the moment its request is stored it is too late.',
    ),
  },
  '/v1/jobs/{jobId}/retry': {
    post: followUp({
      operationId: 'retryJob',
      summary: 'Submit once more what of a job did not succeed',
      description:
        'Takes the role `operator`, who submits the new job. Its changes are those that failed or were cancelled, with the same wishes and settings; selectors that were refused or not looked at are looked at again. The job must have ended.',
      answer: 'The new job. Its `retryOf` is the one that was retried.',
    }),
  },
  '/v1/jobs/{jobId}/rollback': {
    post: followUp({
      operationId: 'rollbackJob',
      summary: 'Restore what the succeeded changes of a job replaced',
      description:
        'Takes the role `operator`, who submits the new job. Its changes are those that succeeded and replaced something, in reverse order, each with the values of before: they are handed over, acknowledged and proved as the plan says for all changes. A field is restored only where what the change set still stands; otherwise the change ends `failed` with `changed_elsewhere`, and the others go on. A change whose key of before is kept no longer (`handover.keepPreviousFor`) ends `failed` with `RollbackExpired`, and the others go on; where that is so of all, the answer is 409, `rollback_expired`. Neither approval nor window is asked for; freezes hold. The job must have ended. The same `Idempotency-Key` again finds the same job, also where it would be refused by now.',
      answer: 'The new job. Its `rollbackOf` is the one that is taken back.',
      more: ['rollback_expired'],
    }),
  },
  '/v1/jobs/{jobId}/approve': {
    post: consent(
      'approve',
      'Approve a job',
      'The base is compared with the cloud first, read for this or not more than five seconds before it; when it has moved, the job is resolved anew, approvals so far are void, and the answer is 409 with the new `planDigest`.',
      {
        '202': {
          description:
            'Comparing the base takes longer than 20 seconds: nothing is approved yet. Send the same again; it goes on where it stands.',
          headers: {
            'Retry-After': {
              schema: { type: 'integer' },
              description: 'Seconds until it can go on.',
            },
          },
          content: { 'application/json': { schema: JobBody } },
        },
      },
    ),
  },
  '/v1/jobs/{jobId}/reject': {
    post: consent('reject', 'Refuse a job', 'It ends `cancelled`; nothing of it was written.'),
  },
  '/v1/jobs/{jobId}/changes/{changeId}/acknowledge': {
    post: {
      ...steerChange(
        'acknowledge',
        'Say that the other side has the new values',
        'It has them installed for this tunnel, or will switch to them within the verify timeout. The change goes on; its next tunnel is handed over when this one is proved.',
      ),
      requestBody: {
        required: false,
        content: { 'application/json': { schema: AcknowledgeBody } },
      },
    },
  },
  '/v1/freezes': { get: listFreezes },
  '/v1/freezes/{name}': { get: getFreeze, put: putFreeze, delete: deleteFreeze },
};
