import type { Database } from '../../shared/adapters/postgres/database.ts';
import { loadMigrations, migrate } from '../../shared/adapters/postgres/migrate.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { openEmbeddedDatabase } from '../embedded/embedded-database.ts';

const migrationsFolder = new URL('../../shared/adapters/postgres/migrations/', import.meta.url);

/** The database that the configuration names, brought up to date. Raises `database_locked`, `unavailable`. */
export async function openDatabase(deps: {
  database: Config['database'];
  clock: Clock;
  logger: Logger;
}): Promise<Database> {
  const { clock, logger } = deps;
  const { url, dataDir } = deps.database;
  const migrations = await loadMigrations(migrationsFolder);
  if (url === null) return openEmbeddedDatabase({ dataDir, clock, logger, migrations });
  const database = await openPgDatabase({ url: connectionStringOf(url), logger, clock });
  await migrate(database, migrations, logger);
  return database;
}
