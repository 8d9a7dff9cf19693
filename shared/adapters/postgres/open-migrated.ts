import { AppError } from '../../platform/errors.ts';
import { type Database, sqlStateOf } from './database.ts';
import { openPgDatabase, type PgOptions } from './pg-database.ts';

/** The newest file of `migrations/`: what this release was written for. */
export const newestMigration = 19;

const undefinedTable = '42P01';
const undefinedSchema = '3F000';

/**
 * The database of a deployed function, which `npm run migrate` has brought up to date: checked here, never changed. One
 * further ahead is taken, because while a release is rolled out or back both meet the same database.
 * Raises `invalid_configuration` for one that is behind, and `unavailable`.
 */
export async function openMigratedDatabase(
  options: PgOptions,
  onClose: (close: () => Promise<void>) => void,
): Promise<Database> {
  const database = await openPgDatabase(options);
  onClose(() => database.close());
  const found = await migrationOf(database);
  if (found >= newestMigration) return database;
  const message = `names a database at migration ${found}, this release needs ${newestMigration}: run npm run migrate`;
  throw new AppError('invalid_configuration', `DATABASE_URL ${message}`, {
    faults: [{ path: 'DATABASE_URL', message }],
  });
}

async function migrationOf(database: Database): Promise<number> {
  try {
    const [row] = await database.query(
      'SELECT max(number) AS newest FROM lanekeeper.schema_migration',
    );
    return Number(row?.newest ?? 0);
  } catch (error) {
    const state = sqlStateOf(error);
    if (state === undefinedTable || state === undefinedSchema) return 0;
    throw error;
  }
}
