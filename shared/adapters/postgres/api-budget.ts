import { z } from 'zod';
import type { ApiBudget, BudgetScope } from '../../budget/api-budget.ts';
import type { Database } from './database.ts';

const Grant = z.object({ granted: z.number(), retryInMs: z.coerce.number() });

/** Who asks, when they may not have all of the budget. */
export interface BudgetPart {
  name: string;
  /** The most of each limit that the part gets, above 0 and at most 1. */
  share: number;
}

/**
 * The shared API budget on PostgreSQL: sliding windows of 60 seconds for each account, region and action.
 * `limits` are calls a minute; Modify actions count as writes, all others as reads. A `part` takes from the same windows,
 * but never more than its share, so that everybody else always finds the rest.
 */
export function createPgApiBudget(
  database: Database,
  options: {
    account: string;
    limits: { readsPerMinute: number; writesPerMinute: number };
    part?: BudgetPart;
  },
): ApiBudget {
  const { account, limits, part } = options;
  const scopeKey = ({ regionId, action }: BudgetScope): string =>
    `${account}/${regionId}/${action}`;
  const limitOf = ({ action }: BudgetScope): number =>
    action.startsWith('Modify') ? limits.writesPerMinute : limits.readsPerMinute;
  const granted = 'SELECT granted, retry_in_ms AS "retryInMs" FROM';
  return {
    async take(scope, wanted) {
      const key = scopeKey(scope);
      const [row] = part
        ? await database.query(
            `${granted} lanekeeper.take_part_calls($1, $2, $3::float8, $4::int, $5::int)`,
            [key, `${key}/${part.name}`, part.share, wanted, limitOf(scope)],
          )
        : await database.query(`${granted} lanekeeper.take_calls($1, $2::int, $3::int)`, [
            key,
            wanted,
            limitOf(scope),
          ]);
      return Grant.parse(row);
    },
    async slowDown(scope, pauseMs) {
      await database.query('SELECT lanekeeper.slow_calls($1, $2)', [scopeKey(scope), pauseMs]);
    },
  };
}
