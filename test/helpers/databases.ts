import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, inject } from 'vitest';
import { openEmbeddedDatabase } from '../../local/embedded/embedded-database.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { loadMigrations } from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { PostgresService } from './global-setup.ts';
import { migrationsFolder } from './migrations-folder.ts';

export { emptyAllTables, useVirtualDatabaseClock } from './database-state.ts';

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

async function openServerDatabase(): Promise<Opened> {
  const { template } = await askForServer();
  const { url, drop } = await createServerDatabase(template);
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
