import { type Notifying, openNotices } from '../../functions/worker/open-notices.ts';
import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { createKmsSecretsManager } from '../../shared/adapters/aliyun/kms-secrets-manager.ts';
import type { CredentialsSource } from '../../shared/adapters/aliyun/rpc-client.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgTallyStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobTraces } from '../../shared/adapters/postgres/job-traces.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { createSinks } from '../../shared/adapters/sinks/create-sinks.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Sinks } from '../../shared/platform/config/sinks.ts';
import type { Config } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import { noTracer, type Tracer } from '../../shared/platform/tracing.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';
import { createSignerLoader } from '../../shared/secret/signing-key.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import type { WorkerDeps } from '../../shared/worker/run-worker.ts';
import { workerSettings } from '../../shared/worker/worker-settings.ts';

/** What a worker on a laptop stands on. */
export interface LocalWorkerParts {
  settings: Config['worker'];
  database: Database;
  cloud: { endpoint: string; kmsEndpoint?: string | null; credentials: CredentialsSource };
  sealer: Sealer;
  digestKey: Buffer;
  clock: Clock;
  random: Random;
  /** Where keys are handed over; nowhere unless given. */
  sinks?: Sinks;
  logger: Logger;
  waker: WorkerWaker;
  tracer?: Tracer;
  onHint?: (signal: AbortSignal) => Promise<void>;
  /** Which rooms and receivers are told; absent where nobody is. */
  notifying?: Notifying;
  /** Stands between the worker and the cloud, to measure or record what passes. */
  wrapApi?: (api: VpnApi) => VpnApi;
}

/** Statements of the embedded database block the process: there, more of them are gathered into one. */
const embeddedLingerMs = 5;
const servedLingerMs = 1;

/** A worker over a database and a cloud endpoint; `close` gives the cloud's connections back. */
export function buildWorker(parts: LocalWorkerParts): { deps: WorkerDeps; close(): void } {
  const { settings, database, cloud, clock, logger, random, waker, onHint, sealer, digestKey } =
    parts;
  const ids = createIds(clock, random);
  const api = createAliyunVpnApi({ ...cloud, clock, logger });
  const endpoint = cloud.kmsEndpoint ?? 'https://kms.{region}.aliyuncs.com';
  const { credentials } = cloud;
  const kms = createKmsClient({ endpoint, credentials, clock, logger });
  const secrets = createKmsSecretsManager(kms);
  const deps = assembleWorker({
    jobs: createPgJobStore(database),
    lanes: createPgLaneStore(database),
    resolving: createPgResolveStore(database),
    journal: createPgJournalStore(database),
    signer: createSignerLoader({ keyring: createPgKeyringStore(database), sealer, random }),
    budget: createPgApiBudget(database, { account: 'default', limits: settings }),
    api: parts.wrapApi?.(api) ?? api,
    sealer,
    digestKey,
    clock,
    random,
    sinks: createSinks(parts.sinks ?? {}, { secrets, clock, random }),
    logger,
    waker,
    ids,
    worker: ids.worker(),
    settings: workerSettings(settings),
    limits: settings,
    tallies: createPgTallyStore(database),
    tracing: { tracer: parts.tracer ?? noTracer, traces: createPgJobTraces(database) },
    lingerMs: database.kind === 'embedded' ? embeddedLingerMs : servedLingerMs,
    ...(onHint ? { onHint } : {}),
    ...(parts.notifying
      ? {
          sendNotice: openNotices(
            { ...parts, ids, api, limits: settings, digestKey: async () => digestKey },
            parts.notifying,
          ),
        }
      : {}),
  });
  const close = (): void => {
    api.close();
    kms.close();
  };
  return { deps, close };
}
