import type { Database } from '../../shared/adapters/postgres/database.ts';
import type { Clock } from '../../shared/platform/clock.ts';

/** What a deletion from all tables leaves out; the audit refuses to be deleted from. */
const keptTables = ['schema_migration', 'virtual_clock', 'audit'];

/**
 * Empties every table of Lanekeeper and lets identities begin again. One statement deletes from all tables, because
 * references are checked at its end; TRUNCATE takes half a second on the embedded database.
 */
export async function emptyAllTables(database: Database): Promise<void> {
  const tables = await database.query(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname = 'lanekeeper' AND tablename <> ALL ($1)`,
    [keptTables],
  );
  const [audited] = await database.query('SELECT 1 FROM lanekeeper.audit LIMIT 1');
  if (audited) await database.query('TRUNCATE lanekeeper.audit');
  const deletions = tables.map(({ name }, index) => `t${index} AS (DELETE FROM ${name})`);
  if (deletions.length > 0) await database.query(`WITH ${deletions.join(', ')} SELECT`);
  await database.query(
    `SELECT setval(format('%I.%I', schemaname, sequencename), start_value, false) FROM pg_sequences
      WHERE schemaname = 'lanekeeper'`,
  );
}

/**
 * Puts the time of all SQL under `clock`: `lanekeeper.now()` reads the one row of a table from now on. Gives the function
 * that writes the clock's time there; call it whenever the clock was moved. It has been called once already.
 */
export async function useVirtualDatabaseClock(
  database: Database,
  clock: Pick<Clock, 'now'>,
): Promise<() => Promise<void>> {
  await database.script(`
    CREATE TABLE IF NOT EXISTS lanekeeper.virtual_clock (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      at timestamptz NOT NULL
    );
    CREATE OR REPLACE FUNCTION lanekeeper.now() RETURNS timestamptz
      LANGUAGE sql STABLE AS 'SELECT at FROM lanekeeper.virtual_clock'`);
  const follow = async (): Promise<void> => {
    await database.query(
      `INSERT INTO lanekeeper.virtual_clock (at) VALUES ($1)
         ON CONFLICT (only_row) DO UPDATE SET at = excluded.at`,
      [new Date(clock.now())],
    );
  };
  await follow();
  return follow;
}
