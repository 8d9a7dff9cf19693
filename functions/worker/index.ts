import { createKmsClient } from '../../shared/adapters/aliyun/kms-client.ts';
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createKmsSecretsManager } from '../../shared/adapters/aliyun/kms-secrets-manager.ts';
import { openRoleSealer } from '../../shared/adapters/aliyun/open-role-sealer.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { openSenders } from '../../shared/adapters/chat/open-chat.ts';
import { createEventEntry } from '../../shared/adapters/fc/entry.ts';
import { WakeEvent } from '../../shared/adapters/fc/events.ts';
import type { Open } from '../../shared/adapters/fc/instance.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgAuditLog } from '../../shared/adapters/postgres/audit-log.ts';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgTallyStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobTraces } from '../../shared/adapters/postgres/job-traces.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgNoticeStore } from '../../shared/adapters/postgres/notice-store.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { createSinks } from '../../shared/adapters/sinks/create-sinks.ts';
import { createNoticeReceivers } from '../../shared/adapters/sinks/notice-webhook.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import { createErrands } from '../../shared/notice/errands.ts';
import { kindsOf, roomsOf } from '../../shared/notice/listeners.ts';
import { createNoticeSender, type NoticeDeps } from '../../shared/notice/send-notice.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { createJsonClient } from '../../shared/platform/http/json-client.ts';
import { createIds, type Ids } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { createInventoryApi, previewPart } from '../../shared/preview/inventory-api.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader, loadDigestKey } from '../../shared/secret/digest-key.ts';
import type { KeyringStore } from '../../shared/secret/keyring-store.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';
import { createSignerLoader } from '../../shared/secret/signing-key.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import { wokenToTheSecondMs, workerSettings } from '../../shared/worker/worker-settings.ts';
import { createWorkerHandler, type WorkerHandler } from './handler.ts';

/** What is open that notices need too. */
interface NoticeParts {
  config: Config;
  database: Database;
  logger: Logger;
  api: VpnApi;
  ids: Ids;
  keyring: KeyringStore;
  sealer: Sealer;
}

function noticePartsOf(parts: NoticeParts): NoticeDeps {
  const { config, database, logger, api, ids, keyring, sealer } = parts;
  const limits = config.worker;
  const budget = createPgApiBudget(database, { account: 'default', limits, part: previewPart });
  return {
    chats: createPgChatStore(database),
    clock,
    jobs: createPgJobStore(database),
    logger,
    notices: createPgNoticeStore(database),
    errands: createErrands({
      approvals: createPgApprovalStore(database),
      audit: createPgAuditLog(database),
      clock,
      digestKey: createDigestKeyLoader({ keyring, sealer, random }),
      ids,
      inventory: createPgInventoryStore(database),
      jobs: createPgJobStore(database),
      inventoryApi: createInventoryApi({ api, budget, clock }),
      limits,
      previews: createPgPreviewStore(database),
      schedules: createPgScheduleStore(database),
      sealer,
      sinkNames: new Set(Object.keys(config.sinks)),
    }),
    random,
    receivers: createNoticeReceivers(config.notify, { clock }),
    rooms: roomsOf(config.notify),
    senders: openSenders(config.chat, { call: createJsonClient(clock), clock }),
  };
}

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
  await createPgNoticeStore(database).listenFor(kindsOf(config.notify));
  const kmsEndpoint = config.cloud.kmsEndpoint ?? 'https://kms.{region}.aliyuncs.com';
  const kms = createKmsClient({ endpoint: kmsEndpoint, credentials, clock, logger });
  onClose(() => kms.close());
  const secrets = createKmsSecretsManager(kms);
  const deps = assembleWorker({
    jobs: createPgJobStore(database),
    lanes: createPgLaneStore(database),
    resolving: createPgResolveStore(database),
    journal: createPgJournalStore(database),
    signer: createSignerLoader({ keyring, sealer, random }),
    budget: createPgApiBudget(database, { account: 'default', limits }),
    api,
    sealer,
    digestKey: await loadDigestKey({ keyring, sealer, random }),
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
    sendNotice: createNoticeSender(
      noticePartsOf({ config, database, logger, api, ids, keyring, sealer }),
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
