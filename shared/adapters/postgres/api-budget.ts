import { z } from 'zod';
import type { ApiBudget, BudgetScope } from '../../budget/api-budget.ts';
import type { Database } from './database.ts';

const Grant = z.object({ granted: z.number(), retryInMs: z.coerce.number() });

/**
 * The shared API budget on PostgreSQL: sliding windows of 60 seconds for each account, region and action.
 * `limits` are calls a minute; Modify actions count as writes, all others as reads.
 */
export function createPgApiBudget(
  database: Database,
  options: { account: string; limits: { readsPerMinute: number; writesPerMinute: number } },
): ApiBudget {
  const { account, limits } = options;
  const scopeKey = ({ regionId, action }: BudgetScope): string =>
    `${account}/${regionId}/${action}`;
  const limitOf = ({ action }: BudgetScope): number =>
    action.startsWith('Modify') ? limits.writesPerMinute : limits.readsPerMinute;
  return {
    async take(scope, wanted) {
      const [row] = await database.query(
        'SELECT granted, retry_in_ms AS "retryInMs" FROM lanekeeper.take_calls($1, $2::int, $3::int)',
        [scopeKey(scope), wanted, limitOf(scope)],
      );
      return Grant.parse(row);
    },
    async slowDown(scope, pauseMs) {
      await database.query('SELECT lanekeeper.slow_calls($1, $2)', [scopeKey(scope), pauseMs]);
    },
  };
}
