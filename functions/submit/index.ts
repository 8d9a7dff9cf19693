import openApi from '../../docs/openapi.json' with { type: 'json' };
import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsKeyWrapper } from '../../shared/adapters/aliyun/kms-key-wrapper.ts';
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { answerHttpEvent, type FcHttpResponse } from '../../shared/adapters/fc/http-event.ts';
import { createRoleCredentials } from '../../shared/adapters/fc/role-credentials.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import {
  createPgFleetStore,
  createPgTallyStore,
} from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { createGuard } from '../../shared/auth/guard.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { countCalls } from '../../shared/metrics/counted-vpn-api.ts';
import { createTally } from '../../shared/metrics/tally.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { createInventoryApi, previewPart } from '../../shared/preview/inventory-api.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { openSealer } from '../../shared/secret/open-sealer.ts';
import { createSubmitApp } from './handler.ts';

const config = await loadDeployedConfig(openKmsSecrets({ clock }));
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'submit' } });
const database = await openPgDatabase({ url: connectionStringOf(config.database.url), logger });
const limits = config.worker;
const tracer = await openTracer(config.tracing, { function: 'submit', clock });
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
const budget = createPgApiBudget(database, { account: 'default', limits, part: previewPart });
const tally = createTally({ store: createPgTallyStore(database), logger });
const api = createAliyunVpnApi({
  endpoint: config.cloud.vpcEndpoint ?? 'https://vpc.{region}.aliyuncs.com',
  credentials: () => credentials.current(),
  clock,
  logger,
});

const app = createSubmitApp({
  clock,
  digestKey: createDigestKeyLoader({ keyring, sealer, random }),
  fleet: createPgFleetStore(database, limits),
  guard: createGuard(config.tokens),
  ids: createIds(clock, random),
  inventory: createPgInventoryStore(database),
  inventoryApi: createInventoryApi({ api: countCalls(api, tally), budget, clock }),
  jobs: createPgJobStore(database),
  limits,
  logger,
  openApi,
  previews: createPgPreviewStore(database),
  random,
  schedules: createPgScheduleStore(database),
  sealer,
  tally,
  tracer,
  waker: timerAlone,
});

/** The entry of the function: an HTTP trigger's event in, its response out. */
export function handler(event: unknown, context: unknown): Promise<FcHttpResponse> {
  credentials.take(context);
  return answerHttpEvent(event, (request) => app.fetch(request));
}
