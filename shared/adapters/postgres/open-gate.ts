import type { AuditLog } from '../../auth/audit-log.ts';
import { createGate, type Gate, type GateDeps } from '../../auth/gate.ts';
import { createPgAuditLog } from './audit-log.ts';
import type { Database } from './database.ts';
import { createPgRequestRate } from './request-rate.ts';

/** The gate before the routes of a function, and the audit that it writes: both on this database. */
export function openGate(
  database: Database,
  options: Pick<GateDeps, 'tokens' | 'requestsPerMinute'>,
): { audit: AuditLog; gate: Gate } {
  const audit = createPgAuditLog(database);
  return { audit, gate: createGate({ ...options, audit, rate: createPgRequestRate(database) }) };
}
