import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createKmsSecretsManager } from '../../shared/adapters/aliyun/kms-secrets-manager.ts';
import { openRoleSealer } from '../../shared/adapters/aliyun/open-role-sealer.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { createEventEntry } from '../../shared/adapters/fc/entry.ts';
import { WakeEvent } from '../../shared/adapters/fc/events.ts';
import type { Open } from '../../shared/adapters/fc/instance.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgTallyStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobTraces } from '../../shared/adapters/postgres/job-traces.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { createSinks } from '../../shared/adapters/sinks/create-sinks.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import { createSignerLoader } from '../../shared/secret/signing-key.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import { wokenToTheSecondMs, workerSettings } from '../../shared/worker/worker-settings.ts';
import { createWorkerHandler, type WorkerHandler } from './handler.ts';
import { listenFor, openNotices } from './open-notices.ts';

const open: Open<WorkerHandler> = async ({ config, logger, credentials, onClose }) => {
  const url = connectionStringOf(config.database.url);
  const database = await openMigratedDatabase({ url, logger }, onClose);
  const keyring = createPgKeyringStore(database);
  const sealer = await openRoleSealer(config, { keyring, credentials, clock, logger, random });
  const tracer = await openTracer(config.tracing, { function: 'worker', clock });
  const limits = config.worker;
  const ids = createIds(clock, random);
  const endpoint = config.cloud.vpcEndpoint ?? 'https://vpc.{region}.aliyuncs.com';
  const api = createAliyunVpnApi({ endpoint, credentials, clock, logger });
  onClose(() => api.close());
  await listenFor(database, config.notify);
  const kmsEndpoint = config.cloud.kmsEndpoint ?? 'https://kms.{region}.aliyuncs.com';
  const kms = createKmsClient({ endpoint: kmsEndpoint, credentials, clock, logger });
  onClose(() => kms.close());
  const secrets = createKmsSecretsManager(kms);
  const digestKey = await loadDigestKey({ keyring, sealer, random });
  const deps = assembleWorker({
    jobs: createPgJobStore(database),
    lanes: createPgLaneStore(database),
    resolving: createPgResolveStore(database),
    journal: createPgJournalStore(database),
    signer: createSignerLoader({ keyring, sealer, random }),
    budget: createPgApiBudget(database, { account: 'default', limits }),
    api,
    sealer,
    digestKey,
    clock,
    random,
    sinks: createSinks(config.sinks, { secrets, clock, random }),
    logger,
    waker: createWaker(config.wake, { credentials, clock, random }),
    ids,
    worker: ids.worker(),
    // The timer alone comes each minute: then a run waits for what is due soon.
    settings: workerSettings({
      ...config.worker,
      ...(config.wake.api === 'local' ? {} : { idleAfterMs: wokenToTheSecondMs }),
    }),
    limits,
    lingerMs: 1,
    tallies: createPgTallyStore(database),
    tracing: { tracer, traces: createPgJobTraces(database) },
    sendNotice: openNotices(
      {
        limits,
        database,
        sealer,
        digestKey: async () => digestKey,
        api,
        ids,
        clock,
        random,
        logger,
      },
      config,
    ),
  });
  return createWorkerHandler(deps);
};

export const { handler, initialize, preStop } = createEventEntry('worker', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open,
  event: WakeEvent,
  run: (work, _event, invocation) => work(invocation),
});
