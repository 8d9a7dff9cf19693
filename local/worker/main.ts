import { listenFor } from '../../functions/worker/open-notices.ts';
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { staticCredentials } from '../../shared/adapters/aliyun/static-credentials.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { type Config, loadConfig } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { openKeyWrapper } from '../host/kms.ts';
import { loadSecretsKey, openSecrets } from '../host/local-secrets.ts';
import { openDatabase } from '../host/open-database.ts';
import { closeOnSignals, giveUp } from '../host/process-end.ts';
import { buildWorker, type LocalWorkerParts } from './build-worker.ts';
import { keepWorking } from './keep-working.ts';

/** The cloud of a worker of its own. Raises `invalid_configuration` that names every variable it lacks. */
function requireCloud({ database, cloud }: Config): LocalWorkerParts['cloud'] & {
  kmsEndpoint: string | null;
} {
  const { vpcEndpoint: endpoint, kmsEndpoint, credentials } = cloud;
  if (database.url !== null && endpoint !== null && credentials !== null) {
    return { endpoint, kmsEndpoint, credentials: staticCredentials(credentials) };
  }
  const missing = [
    ...(database.url === null ? ['DATABASE_URL'] : []),
    ...(endpoint === null ? ['VPC_ENDPOINT'] : []),
    ...(credentials === null
      ? ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET']
      : []),
  ];
  const faults = missing.map((path) => ({ path, message: 'is required by a worker of its own' }));
  throw new AppError('invalid_configuration', `${missing.join(', ')} missing`, { faults });
}

/** One worker process against `DATABASE_URL` and `VPC_ENDPOINT`; several may run at once. */
async function main(): Promise<void> {
  const config = await loadConfig({
    deployed: false,
    openSecrets: openKmsSecrets({ clock }),
  });
  const cloud = requireCloud(config);
  const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'worker' } });
  const { dataDir } = config.database;
  const secretsKey = await loadSecretsKey({ dataDir, random, given: config });
  const database = await openDatabase({ database: config.database, clock, logger });
  const keyring = createPgKeyringStore(database);
  const tracer = await openTracer(config.tracing, { function: 'worker', clock });
  const wrapper = openKeyWrapper({ cloud, config, clock, logger });
  const keys = { secretsKey, secondSecretsKey: config.secondSecretsKey };
  await listenFor(database, config.notify);
  const worker = buildWorker({
    notifying: config,
    ...(await openSecrets(keys, { keyring, wrapper, random })),
    settings: config.worker,
    sinks: config.sinks,
    database,
    cloud,
    clock,
    random,
    logger,
    tracer,
    waker: timerAlone,
  });
  const stop = new AbortController();
  const working = keepWorking(worker.deps, stop.signal);
  console.log(`working as ${worker.deps.worker}`);
  const close = async (): Promise<void> => {
    stop.abort();
    await working;
    worker.close();
    wrapper.close();
    await database.close();
  };
  closeOnSignals(close, logger);
}

main().catch(giveUp);
