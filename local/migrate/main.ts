import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { exitOnFaults, loadConfig } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { openDatabase } from '../host/open-database.ts';

/** Brings the database of the configuration up to date. Exit code 1 when it cannot. */
async function main(): Promise<void> {
  const config = await loadConfig({
    deployed: false,
    openSecrets: openKmsSecrets({ clock }),
  }).catch(exitOnFaults);
  const logger = createLogger({ level: config.logLevel, clock });
  const database = await openDatabase({ database: config.database, clock, logger });
  await database.close();
  console.log('the database is up to date');
}

main().catch((error: unknown) => {
  console.error(error instanceof AppError ? `${error.code}: ${error.message}` : error);
  process.exit(1);
});
