import type { PGlite } from '@electric-sql/pglite';
import { toDatabaseError } from '../../shared/adapters/postgres/database.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { SyncedFS } from './synced-fs.ts';

/** After this much WAL the database is tidied up; it bounds the log on disk and the replay after a crash. */
const upkeepAfterBytes = 64 * 1024 * 1024;

export interface Upkeep {
  /** Starts tidying up when enough was written. Never waits, never raises. */
  consider(): void;
  /** Resolves when nothing is being tidied up. */
  settled(): Promise<void>;
}

async function tidyUp(pglite: PGlite): Promise<void> {
  const tables = await pglite.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'lanekeeper'`,
  );
  for (const { name } of tables.rows) await pglite.exec(`VACUUM (ANALYZE) ${name}`);
  await pglite.exec('CHECKPOINT');
}

/**
 * Does what a PostgreSQL server's background processes do and PGlite, which has none, never does by itself: vacuums,
 * keeps the planner's statistics and writes checkpoints. Statement by statement, so that others get their turn between.
 */
export function createUpkeep(
  pglite: PGlite,
  files: SyncedFS,
  logger: Logger,
  afterBytes: number = upkeepAfterBytes,
): Upkeep {
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    try {
      await tidyUp(pglite);
    } catch (error) {
      logger.warn('database upkeep failed', { err: toDatabaseError(error) });
    } finally {
      files.walBytes = 0;
      running = undefined;
    }
  }

  return {
    consider() {
      if (running === undefined && files.walBytes >= afterBytes) running = run();
    },
    async settled() {
      await running;
    },
  };
}
