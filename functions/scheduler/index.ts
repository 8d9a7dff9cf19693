import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsKeyWrapper } from '../../shared/adapters/aliyun/kms-key-wrapper.ts';
import { createRoleCredentials } from '../../shared/adapters/fc/role-credentials.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { requestIdOf } from '../../shared/adapters/fc/request-id.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { openSealer } from '../../shared/secret/open-sealer.ts';
import { type TickReport, tick } from './handler.ts';

const config = await loadDeployedConfig(openKmsSecrets({ clock }));
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'scheduler' } });
const database = await openPgDatabase({ url: connectionStringOf(config.database.url), logger });
const credentials = createRoleCredentials(config.cloud.credentials);
const kms = createKmsClient({
  endpoint: config.cloud.kmsEndpoint ?? 'https://kms.{region}.aliyuncs.com',
  credentials: () => credentials.current(),
  clock,
  logger,
});
const wrapper = createKmsKeyWrapper(kms, config.cloud.regionId ?? '');
const keyring = createPgKeyringStore(database);
const sealer = await openSealer(config, { keyring, wrapper, random });

const deps = {
  digestKey: createDigestKeyLoader({ keyring, sealer, random }),
  ids: createIds(clock, random),
  lanes: createPgLaneStore(database),
  logger,
  schedules: createPgScheduleStore(database),
  sealer,
  waker: timerAlone,
};

/** The entry of the function: a tick of the timer trigger. */
export function handler(_event: unknown, context: unknown): Promise<TickReport> {
  credentials.take(context);
  const requestId = requestIdOf(context);
  return tick({ ...deps, logger: logger.child({ requestId }) }, String(clock.now()));
}
