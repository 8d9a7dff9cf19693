import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineAuditContract } from './audit-log-contract.ts';

describe.each(databaseKinds)('the audit log, $kind', ({ withDatabase }) => {
  defineAuditContract(withDatabase());
});
