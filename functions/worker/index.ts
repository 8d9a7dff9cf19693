import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsKeyWrapper } from '../../shared/adapters/aliyun/kms-key-wrapper.ts';
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { requestIdOf } from '../../shared/adapters/fc/request-id.ts';
import { createRoleCredentials } from '../../shared/adapters/fc/role-credentials.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgTallyStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgJobTraces } from '../../shared/adapters/postgres/job-traces.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import { openSealer } from '../../shared/secret/open-sealer.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import type { RunEnd } from '../../shared/worker/run-worker.ts';
import { workerSettings } from '../../shared/worker/worker-settings.ts';
import { createWorkerHandler } from './handler.ts';

const config = await loadDeployedConfig(openKmsSecrets({ clock }));
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'worker' } });
const database = await openPgDatabase({ url: connectionStringOf(config.database.url), logger });
const limits = config.worker;
const tracer = await openTracer(config.tracing, { function: 'worker', clock });
const ids = createIds(clock, random);
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

const run = createWorkerHandler(
  assembleWorker({
    lanes: createPgLaneStore(database),
    resolving: createPgResolveStore(database),
    budget: createPgApiBudget(database, { account: 'default', limits }),
    api: createAliyunVpnApi({
      endpoint: config.cloud.vpcEndpoint ?? 'https://vpc.{region}.aliyuncs.com',
      credentials: () => credentials.current(),
      clock,
      logger,
    }),
    sealer,
    digestKey: await loadDigestKey({ keyring, sealer, random }),
    clock,
    logger,
    waker: timerAlone,
    ids,
    worker: ids.worker(),
    settings: workerSettings(config.worker),
    limits,
    lingerMs: 1,
    tallies: createPgTallyStore(database),
    tracing: { tracer, traces: createPgJobTraces(database) },
  }),
);

/** The entry of the function: an asynchronous invocation, whose event is only a hint. */
export function handler(_event: unknown, context: unknown): Promise<RunEnd> {
  credentials.take(context);
  return run(new AbortController().signal, requestIdOf(context));
}
