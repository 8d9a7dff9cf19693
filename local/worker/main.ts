import { staticCredentials } from '../../shared/adapters/aliyun/static-credentials.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { exitOnFaults, loadConfig } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { loadLocalSecrets } from '../host/local-secrets.ts';
import { openDatabase } from '../host/open-database.ts';
import { buildWorker } from './build-worker.ts';
import { keepWorking } from './keep-working.ts';

const startFailed = 1;

/** One worker process against `DATABASE_URL` and `VPC_ENDPOINT`; several may run at once. */
async function main(): Promise<void> {
  const config = await loadConfig({ deployed: false }).catch(exitOnFaults);
  const { vpcEndpoint, credentials } = config.cloud;
  if (config.database.url === null || vpcEndpoint === null || credentials === null) {
    throw new AppError(
      'invalid_configuration',
      'a worker needs DATABASE_URL, VPC_ENDPOINT, ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    );
  }
  const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'worker' } });
  const { dataDir } = config.database;
  const { secretsKey } = await loadLocalSecrets({ dataDir, random, given: config });
  const sealer = createSealer(secretsKey, random);
  const database = await openDatabase({ database: config.database, clock, logger });
  const keyring = createPgKeyringStore(database);
  const worker = buildWorker({
    settings: config.worker,
    database,
    cloud: { endpoint: vpcEndpoint, credentials: staticCredentials(credentials) },
    sealer,
    digestKey: await loadDigestKey({ keyring, sealer, random }),
    clock,
    random,
    logger,
    waker: timerAlone,
  });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  console.log(`working as ${worker.deps.worker}`);
  await keepWorking(worker.deps, stop.signal);
  worker.close();
  await database.close();
}

main().catch((error: unknown) => {
  console.error(error instanceof AppError ? `${error.code}: ${error.message}` : error);
  process.exit(startFailed);
});
