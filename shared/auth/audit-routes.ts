import { z } from 'zod';
import { jsonResponse } from '../platform/http/app.ts';
import { Cursor, Limit, pageOf } from '../platform/http/paging.ts';
import { parseQuery } from '../platform/http/query.ts';
import type { AuditLog } from './audit-log.ts';
import type { ActorCall, GatedRoute } from './gate.ts';

const Moment = z.iso
  .datetime({ offset: true, error: 'must be a time like 2026-12-01T18:00:00Z' })
  .optional();

/** What `GET /v1/audit` can be asked. */
export const AuditQuery = z.strictObject({
  actor: z.string().max(64).optional().describe('Only attempts of this actor.'),
  jobId: z.string().max(64).optional().describe('Only attempts on this job.'),
  from: Moment.describe('Only attempts at this time or later.'),
  to: Moment.describe('Only attempts before this time.'),
  limit: Limit,
  cursor: Cursor,
});

/** One attempt, as it is answered. */
const AuditBody = z
  .object({
    at: z.string().describe('When, ISO 8601 UTC.'),
    actor: z.string().nullable().describe('Whose token it was; null when the token was not known.'),
    address: z
      .string()
      .nullable()
      .describe('The network address it came from, as the edge saw it; null in custom runtimes.'),
    action: z.string().describe('What it takes a role for.'),
    operation: z
      .string()
      .describe(
        'Method and path; or platform, command and its object. Beyond a limit, how far: of such attempts the 1st, 10th, 100th … of a minute are noted.',
      ),
    jobId: z.string().nullable().describe('The job it was about.'),
    outcome: z
      .string()
      .describe(
        '`done`, or the code of the problem it was answered with; `pending` for an approval that is still to be compared with the cloud: a later entry says what came of it.',
      ),
    requestId: z.string().describe('Names the request in the log.'),
  })
  .meta({ id: 'AuditEntry' });

/** One page of the audit, newest first. */
export const AuditList = z
  .object({ items: z.array(AuditBody), nextCursor: z.string().nullable() })
  .meta({ id: 'AuditList' });

/** The audit, for admins. */
export function auditRoutes(deps: { audit: AuditLog }): readonly GatedRoute[] {
  return [
    { method: 'GET', path: '/v1/audit', action: 'audit', handle: (call) => listAudit(deps, call) },
  ];
}

async function listAudit({ audit }: { audit: AuditLog }, { url }: ActorCall): Promise<Response> {
  const { actor, jobId, from, to, limit, cursor } = parseQuery(url, AuditQuery);
  const rows = await audit.list({
    actor: actor ?? null,
    jobId: jobId ?? null,
    from: from ?? null,
    to: to ?? null,
    limit: limit + 1,
    before: cursor ?? null,
  });
  const { items, nextCursor } = pageOf(rows, limit, ({ position }) => position);
  return jsonResponse(AuditList.parse({ items, nextCursor }));
}
