import { z } from 'zod';
import type { AuditLog, AuditRecord } from '../../auth/audit-log.ts';
import type { Database } from './database.ts';
import { BigInteger, Timestamp } from './rows.ts';

const AuditRow = z.object({
  position: BigInteger,
  at: Timestamp,
  actor: z.string().nullable(),
  address: z.string().nullable(),
  action: z.string(),
  operation: z.string(),
  jobId: z.string().nullable(),
  outcome: z.string(),
  requestId: z.string(),
});

/** The audit on PostgreSQL; the table itself refuses to be changed. */
export function createPgAuditLog({ query }: Database): AuditLog {
  return {
    async append({ actor, address, action, operation, jobId, outcome, requestId }) {
      await query(
        `INSERT INTO lanekeeper.audit (at, actor, address, action, operation, job_id, outcome, request_id)
         VALUES (lanekeeper.now(), $1, $2, $3, $4, $5, $6, $7)`,
        [actor, address, action, operation, jobId, outcome, requestId],
      );
    },
    async list({ actor, jobId, from, to, limit, before }) {
      const rows = await query(
        `SELECT position, at, actor, address, action, operation, job_id AS "jobId", outcome, request_id AS "requestId"
           FROM lanekeeper.audit
          WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR job_id = $2)
            AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
            AND ($5::bigint IS NULL OR position < $5)
          ORDER BY position DESC LIMIT $6`,
        [actor, jobId, from, to, before, limit],
      );
      return rows.map((row): AuditRecord => AuditRow.parse(row));
    },
  };
}
