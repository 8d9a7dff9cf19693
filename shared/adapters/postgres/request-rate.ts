import { z } from 'zod';
import type { RequestRate } from '../../auth/request-rate.ts';
import type { Database } from './database.ts';

const CountRow = z.object({
  scope: z.string(),
  calls: z.number(),
  retryAfterSeconds: z.coerce.number(),
});

/** Scopes that were quiet for so many minutes are forgotten. */
const forgottenAfterMinutes = 10;

const thisMinute = 'floor(extract(epoch FROM lanekeeper.now()) / 60)::bigint';

/** Requests counted on PostgreSQL: one row for each scope, one statement for each request. */
export function createPgRequestRate({ query }: Database): RequestRate {
  return {
    async count(limits) {
      // Rows are taken in one order, so that requests which share two scopes cannot deadlock; what is forgotten is never waited for.
      const rows = await query(
        `WITH forgotten AS (
           DELETE FROM lanekeeper.request_rate WHERE scope = ANY (ARRAY(
             SELECT scope FROM lanekeeper.request_rate
              WHERE minute < ${thisMinute} - $2::int AND scope <> ALL ($1) LIMIT 100 FOR UPDATE SKIP LOCKED)))
         INSERT INTO lanekeeper.request_rate AS r (scope, minute, calls)
         SELECT scope, ${thisMinute}, 1 FROM unnest($1::text[]) AS s(scope) ORDER BY scope
         ON CONFLICT (scope) DO UPDATE SET
           calls = CASE WHEN r.minute = excluded.minute THEN r.calls + 1 ELSE 1 END, minute = excluded.minute
         RETURNING scope, calls, 60 - mod(floor(extract(epoch FROM lanekeeper.now())), 60) AS "retryAfterSeconds"`,
        [limits.map(({ scope }) => scope), forgottenAfterMinutes],
      );
      const counted = rows.map((row) => CountRow.parse(row));
      const over = limits.flatMap(({ scope, perMinute }) => {
        const row = counted.find((one) => one.scope === scope);
        return row && row.calls > perMinute ? [{ ...row, overBy: row.calls - perMinute }] : [];
      });
      const [first] = over;
      return {
        over: first?.scope ?? null,
        overBy: over.map(({ overBy }) => overBy),
        retryAfterSeconds: first?.retryAfterSeconds ?? 0,
      };
    },
  };
}
