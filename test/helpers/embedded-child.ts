import { once } from 'node:events';
import { openEmbeddedDatabase } from '../../local/embedded/embedded-database.ts';
import { holdDirectory } from '../../local/embedded/lock.ts';
import { loadMigrations } from '../../shared/adapters/postgres/migrate.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { migrationsFolder } from './migrations-folder.ts';

/**
 * A process of its own for tests that end one: `hold <folder>` takes the folder's lock and says so; `insert <folder>`
 * opens the database there and writes the number of each row once it is acknowledged. Both go on until they are killed.
 */
async function main(task: string | undefined, folder: string): Promise<void> {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  if (task === 'hold') {
    await holdDirectory(folder);
    say('held');
    await once(process.stdin, 'end');
    return;
  }
  const database = await openEmbeddedDatabase({
    dataDir: folder,
    clock: systemClock,
    logger: createLogger({ level: 'silent', clock: systemClock }),
    migrations: await loadMigrations(migrationsFolder),
  });
  await database.script('CREATE TABLE IF NOT EXISTS acknowledged (n int PRIMARY KEY, filler text)');
  for (let n = 1; ; n += 1) {
    await database.query('INSERT INTO acknowledged VALUES ($1, $2)', [n, 'x'.repeat(500)]);
    say(String(n));
  }
}

await main(process.argv[2], process.argv[3] ?? '');
