import { z } from 'zod';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadDeployedConfig } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createIds } from '../../shared/platform/id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import type { RunEnd } from '../../shared/worker/run-worker.ts';
import { workerSettings } from '../../shared/worker/worker-settings.ts';
import { createWorkerHandler } from './handler.ts';

/** What Function Compute tells of an invocation; the role's credentials are new with each. */
const InvocationContext = z.object({
  credentials: z.object({
    accessKeyId: z.string(),
    accessKeySecret: z.string().transform((text) => new Secret(text)),
    securityToken: z
      .string()
      .default('')
      .transform((text) => (text === '' ? null : new Secret(text))),
  }),
});
type RoleCredentials = z.infer<typeof InvocationContext>['credentials'];

const config = await loadDeployedConfig();
const logger = createLogger({ level: config.logLevel, clock, fields: { function: 'worker' } });
const database = await openPgDatabase({ url: connectionStringOf(config.database.url), logger });
const sealer = createSealer(config.secretsKey, random);
const limits = config.worker;
const ids = createIds(clock, random);
let credentials: RoleCredentials | null = null;

const run = createWorkerHandler(
  assembleWorker({
    lanes: createPgLaneStore(database),
    resolving: createPgResolveStore(database),
    budget: createPgApiBudget(database, { account: 'default', limits }),
    api: createAliyunVpnApi({
      endpoint: config.cloud.vpcEndpoint ?? 'https://vpc.{region}.aliyuncs.com',
      credentials: currentCredentials,
      clock,
      logger,
    }),
    sealer,
    digestKey: await loadDigestKey({ keyring: createPgKeyringStore(database), sealer, random }),
    clock,
    logger,
    waker: timerAlone,
    ids,
    worker: ids.worker(),
    settings: workerSettings(config.worker),
    limits,
    lingerMs: 1,
  }),
);

/** The role's credentials as this invocation brought them; never kept beyond it. */
function currentCredentials(): Promise<RoleCredentials> {
  if (credentials) return Promise.resolve(credentials);
  return Promise.reject(new AppError('internal', 'no invocation has brought credentials yet'));
}

/** The entry of the function: an asynchronous invocation, whose event is only a hint. */
export function handler(_event: unknown, context: unknown): Promise<RunEnd> {
  credentials = InvocationContext.parse(context).credentials;
  return run(new AbortController().signal);
}
