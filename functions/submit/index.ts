import openApi from '../../docs/openapi.json' with { type: 'json' };
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { openRoleSealer } from '../../shared/adapters/aliyun/open-role-sealer.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { createHttpEntry } from '../../shared/adapters/fc/entry.ts';
import type { Open } from '../../shared/adapters/fc/instance.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgAcknowledgements } from '../../shared/adapters/postgres/acknowledgements.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgChangeVerbs } from '../../shared/adapters/postgres/change-verbs.ts';
import {
  createPgFleetStore,
  createPgTallyStore,
} from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openGate } from '../../shared/adapters/postgres/open-gate.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { countCalls } from '../../shared/metrics/counted-vpn-api.ts';
import { createTally } from '../../shared/metrics/tally.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import type { HttpApp } from '../../shared/platform/http/app.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { createInventoryApi, previewPart } from '../../shared/preview/inventory-api.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createSubmitApp } from './handler.ts';

const open: Open<HttpApp> = async ({ config, logger, credentials, onClose }) => {
  const url = connectionStringOf(config.database.url);
  const database = await openMigratedDatabase({ url, logger }, onClose);
  const keyring = createPgKeyringStore(database);
  const sealer = await openRoleSealer(config, { keyring, credentials, clock, logger, random });
  const limits = config.worker;
  const budget = createPgApiBudget(database, { account: 'default', limits, part: previewPart });
  const endpoint = config.cloud.vpcEndpoint ?? 'https://vpc.{region}.aliyuncs.com';
  const api = createAliyunVpnApi({ endpoint, credentials, clock, logger });
  onClose(() => api.close());
  const tally = createTally({ store: createPgTallyStore(database), logger });
  return createSubmitApp({
    clock,
    digestKey: createDigestKeyLoader({ keyring, sealer, random }),
    fleet: createPgFleetStore(database, limits),
    ...openGate(database, config),
    ids: createIds(clock, random),
    inventory: createPgInventoryStore(database),
    inventoryApi: createInventoryApi({ api: countCalls(api, tally), budget, clock }),
    jobs: createPgJobStore(database),
    journal: createPgJournalStore(database),
    keyring,
    limits,
    logger,
    openApi,
    previews: createPgPreviewStore(database),
    verbs: createPgJobVerbs(database),
    changeVerbs: createPgChangeVerbs(database),
    approvals: createPgApprovalStore(database),
    acknowledgements: createPgAcknowledgements(database),
    freezes: createPgFreezeStore(database),
    lanes: createPgLaneStore(database),
    random,
    schedules: createPgScheduleStore(database),
    sealer,
    sinkNames: new Set(Object.keys(config.sinks)),
    tally,
    tracer: await openTracer(config.tracing, { function: 'submit', clock }),
    waker: createWaker(config.wake, { credentials, clock, random }),
  });
};

export const { handler, fetch, initialize, preStop } = createHttpEntry('submit', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open,
});
