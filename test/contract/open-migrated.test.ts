import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadMigrations, migrate } from '../../shared/adapters/postgres/migrate.ts';
import {
  newestMigration,
  openMigratedDatabase,
} from '../../shared/adapters/postgres/open-migrated.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createServerDatabase } from '../helpers/databases.ts';
import { migrationsFolder } from '../helpers/migrations-folder.ts';
import { createRecordingLogger } from '../helpers/recording-logger.ts';

const { logger } = createRecordingLogger();
const closers: (() => Promise<void>)[] = [];
let server: Awaited<ReturnType<typeof createServerDatabase>>;

beforeEach(async () => {
  server = await createServerDatabase();
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await server.drop();
});

function open(): ReturnType<typeof openMigratedDatabase> {
  return openMigratedDatabase({ url: server.url, logger }, (close) => closers.push(close));
}

async function migrateTo(count: number): Promise<void> {
  const database = await openPgDatabase({ url: server.url, logger });
  closers.push(() => database.close());
  await migrate(database, (await loadMigrations(migrationsFolder)).slice(0, count));
}

describe('the database of a deployed function', () => {
  it('is needed at the newest migration that there is', async () => {
    const migrations = await loadMigrations(migrationsFolder);

    expect(newestMigration).toBe(migrations.at(-1)?.number);
  });

  it('is taken when it is up to date, or ahead', async () => {
    await migrateTo(newestMigration);
    const database = await open();
    await database.query(
      `INSERT INTO lanekeeper.schema_migration (number, name, sha256) VALUES (9999, 'later', '')`,
    );

    await expect(open()).resolves.toBeDefined();
  });

  it.each([0, newestMigration - 1])('is refused, unchanged, at migration %d', async (count) => {
    if (count > 0) await migrateTo(count);

    for (const _ of ['first', 'second']) {
      await expect(open()).rejects.toMatchObject({
        code: 'invalid_configuration',
        faults: [
          {
            path: 'DATABASE_URL',
            message: `names a database at migration ${count}, this release needs ${newestMigration}: run npm run migrate`,
          },
        ],
      });
    }
  });

  it('is closed by its caller also when it is refused', async () => {
    await expect(open()).rejects.toThrow('npm run migrate');

    expect(closers).toHaveLength(1);
  });
});
