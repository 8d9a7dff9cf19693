import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { AuditList, AuditQuery } from '../../shared/auth/audit-routes.ts';
import { problems, readProblems } from './parts.ts';

const listAudit: ZodOpenApiOperationObject = {
  operationId: 'listAudit',
  summary: 'List refused attempts and verbs, newest first',
  description: 'Takes the role `admin`. Who asked for what, from where, and what came of it.',
  requestParams: { query: AuditQuery },
  responses: {
    '200': { description: 'One page.', content: { 'application/json': { schema: AuditList } } },
    ...problems('invalid_request', ...readProblems),
  },
};

/** The audit. */
export const auditPaths: ZodOpenApiPathsObject = { '/v1/audit': { get: listAudit } };
