import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { type TickReport, tick } from './handler.ts';

const config = await loadDeployedConfig(openKmsSecrets({ clock }));
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'scheduler' } });
const database = await openPgDatabase({ url: connectionStringOf(config.database.url), logger });
const lanes = createPgLaneStore(database);

/** The entry of the function: a tick of the timer trigger. */
export function handler(): Promise<TickReport> {
  return tick({ lanes, waker: timerAlone, logger });
}
