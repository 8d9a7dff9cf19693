import { z } from 'zod';
import type { Freeze, FreezeStore } from '../../freeze/freeze.ts';
import type { Database } from './database.ts';
import { Timestamp } from './rows.ts';

const FreezeRow = z.object({
  name: z.string(),
  scope: z.string(),
  until: Timestamp,
  reason: z.string(),
  createdAt: Timestamp,
  createdBy: z.string(),
}) satisfies z.ZodType<Freeze>;

const freezeColumns = `name, scope, until, reason, created_at AS "createdAt", created_by AS "createdBy"`;

/** The condition that a freeze `f` holds a change `c`. */
export const holdsChange = holds('c');

function holds(change: string): string {
  return `f.scope = ANY (lanekeeper.scopes_of(${change})) AND f.until > lanekeeper.now()`;
}

/** The condition that a change `c` lies in no frozen scope. */
export const isNotFrozen = isNotFrozenAs('c');

/** The same of a change by another name. */
export function isNotFrozenAs(change: string): string {
  return `NOT EXISTS (SELECT 1 FROM lanekeeper.freeze f WHERE ${holds(change)})`;
}

/** Freezes on PostgreSQL. Those that are over go when the next one comes. */
export function createPgFreezeStore({ query }: Database): FreezeStore {
  return {
    async put({ name, scope, until, reason, createdBy }) {
      const [row] = await query(
        `WITH gone AS (DELETE FROM lanekeeper.freeze WHERE until <= lanekeeper.now() AND name <> $1)
         INSERT INTO lanekeeper.freeze (name, scope, until, reason, created_at, created_by)
         VALUES ($1, $2, $3, $4, lanekeeper.now(), $5)
         ON CONFLICT (name) DO UPDATE SET scope = excluded.scope, until = excluded.until, reason = excluded.reason,
           created_at = excluded.created_at, created_by = excluded.created_by
         RETURNING ${freezeColumns}`,
        [name, scope, until, reason, createdBy],
      );
      return FreezeRow.parse(row);
    },
    async get(name) {
      const [row] = await query(
        `SELECT ${freezeColumns} FROM lanekeeper.freeze WHERE name = $1 AND until > lanekeeper.now()`,
        [name],
      );
      return row ? FreezeRow.parse(row) : null;
    },
    async list() {
      const rows = await query(
        `SELECT ${freezeColumns} FROM lanekeeper.freeze WHERE until > lanekeeper.now() ORDER BY until, name`,
      );
      return rows.map((row) => FreezeRow.parse(row));
    },
    async remove(name) {
      const rows = await query(
        'DELETE FROM lanekeeper.freeze WHERE name = $1 AND until > lanekeeper.now() RETURNING name',
        [name],
      );
      return rows.length > 0;
    },
  };
}
