import openApi from '../../docs/openapi.json' with { type: 'json' };
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { answerHttpEvent, type FcHttpResponse } from '../../shared/adapters/fc/http-event.ts';
import { createPgFleetStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { createGuard } from '../../shared/auth/guard.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createStatusApp } from './handler.ts';

const config = await loadDeployedConfig(openKmsSecrets({ clock }));
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'status' } });
const database = await openPgDatabase({ url: connectionStringOf(config.database.url), logger });

const app = createStatusApp({
  clock,
  fleet: createPgFleetStore(database, config.worker),
  guard: createGuard(config.tokens),
  jobs: createPgJobStore(database),
  logger,
  openApi,
  random,
  schedules: createPgScheduleStore(database),
});

/** The entry of the function: an HTTP trigger's event in, its response out. */
export function handler(event: unknown): Promise<FcHttpResponse> {
  return answerHttpEvent(event, (request) => app.fetch(request));
}
