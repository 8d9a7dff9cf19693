import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, inject } from 'vitest';
import { openEmbeddedDatabase } from '../../local/embedded/embedded-database.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { loadMigrations } from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { type Clock, systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { PostgresService } from './global-setup.ts';
import { migrationsFolder } from './migrations-folder.ts';

/** A migrated database of its own for one test file or `describe`; usable from its first hook to its last. */
export interface TestDatabase extends Database {
  /** Another handle on the same rows, as a second worker would have it. On the embedded one it is the same connection. */
  another(): Promise<Database>;
}

const logger = createLogger({ level: 'error', clock: systemClock });

async function ask(path: string): Promise<string> {
  const response = await fetch(new URL(path, inject('databaseService')));
  const body = await response.text();
  if (!response.ok) throw new Error(body);
  return body;
}

async function askForServer(): Promise<PostgresService> {
  return JSON.parse(await ask('/postgres'));
}

interface Opened {
  database: Database;
  another(): Promise<Database>;
  dispose(): Promise<void>;
}

function createTestDatabase(kind: Database['kind'], open: () => Promise<Opened>): TestDatabase {
  let opened: Opened | undefined;
  const current = (): Opened => {
    if (opened === undefined) throw new Error('the test database is open only in hooks and tests');
    return opened;
  };
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(async () => {
    await opened?.dispose();
    opened = undefined;
  });
  return {
    kind,
    query: (text, values) => current().database.query(text, values),
    transaction: (work) => current().database.transaction(work),
    script: (text) => current().database.script(text),
    close: () => Promise.resolve(),
    another: () => current().another(),
  };
}

/** The run's server, for programs that make databases of their own on it. */
export async function postgresUrl(): Promise<string> {
  return (await askForServer()).url;
}

/** Gives a fresh, empty database on disk that nobody migrated, on the run's server; `drop` it in the end. */
export async function createServerDatabase(
  template = 'template0',
): Promise<{ url: string; drop(): Promise<void> }> {
  const { url } = await askForServer();
  const name = `lanekeeper_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  const target = new URL(url);
  target.pathname = `/${name}`;
  const run = async (statement: string): Promise<void> => {
    const server = await openPgDatabase({ url, logger, maxConnections: 1 });
    try {
      await server.query(statement);
    } finally {
      await server.close();
    }
  };
  await run(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return { url: target.href, drop: () => run(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** As {@link createServerDatabase}, migrated. */
export async function createMigratedDatabase(): Promise<{
  url: string;
  drop(): Promise<void>;
}> {
  const { template } = await askForServer();
  return createServerDatabase(template);
}

async function openServerDatabase(): Promise<Opened> {
  const { url, drop } = await createMigratedDatabase();
  const handles: Database[] = [];
  const another = async (): Promise<Database> => {
    const handle = await openPgDatabase({ url, logger });
    handles.push(handle);
    return handle;
  };
  return {
    database: await another(),
    another,
    async dispose() {
      await Promise.all(handles.map((handle) => handle.close()));
      await drop();
    },
  };
}

/** Has the embedded database's ready-made cluster built, once for all test files. Call it before opening one by hand. */
export async function prepareEmbeddedTemplate(): Promise<void> {
  await ask('/embedded');
}

async function openEmbedded(): Promise<Opened> {
  await prepareEmbeddedTemplate();
  const database = await openEmbeddedDatabase({
    dataDir: ':memory:',
    clock: systemClock,
    logger,
    migrations: await loadMigrations(migrationsFolder),
  });
  return {
    database,
    another: () => Promise.resolve({ ...database, close: () => Promise.resolve() }),
    dispose: () => database.close(),
  };
}

/** A migrated database on a real server, made before the tests of this file or `describe` and dropped after them. */
export function withPostgres(): TestDatabase {
  return createTestDatabase('postgres', openServerDatabase);
}

/** The same, embedded. */
export function withEmbedded(): TestDatabase {
  return createTestDatabase('embedded', openEmbedded);
}

/** Both kinds: `describe.each(databaseKinds)('… on $kind', ({ withDatabase }) => { const database = withDatabase(); … })`. */
export const databaseKinds = [
  { kind: 'embedded', withDatabase: withEmbedded },
  { kind: 'postgres', withDatabase: withPostgres },
] as const;

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
  clock: Clock,
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
