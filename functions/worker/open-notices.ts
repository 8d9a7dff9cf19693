import { openAnswerers, openSenders } from '../../shared/adapters/chat/open-chat.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgAuditLog } from '../../shared/adapters/postgres/audit-log.ts';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgNoticeStore } from '../../shared/adapters/postgres/notice-store.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { createNoticeReceivers } from '../../shared/adapters/sinks/notice-webhook.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import { createErrands } from '../../shared/notice/errands.ts';
import { kindsOf, roomsOf } from '../../shared/notice/listeners.ts';
import { createNoticeSender } from '../../shared/notice/send-notice.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { createJsonClient } from '../../shared/platform/http/json-client.ts';
import type { Ids } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import { createInventoryApi, previewPart } from '../../shared/preview/inventory-api.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';
import type { SendNotice } from '../../shared/worker/worker-deps.ts';

/** Which rooms and receivers are told, and which sinks plans may name. */
export type Notifying = Pick<Config, 'chat' | 'notify' | 'sinks'>;

/** What a worker has open that notices need too. */
interface NoticeParts {
  limits: { readsPerMinute: number; writesPerMinute: number };
  database: Database;
  sealer: Sealer;
  digestKey(): Promise<Buffer>;
  api: VpnApi;
  ids: Ids;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** Lets the database know of what anybody is to be notified. */
export function listenFor(database: Database, notify: Config['notify']): Promise<void> {
  return createPgNoticeStore(database).listenFor(kindsOf(notify));
}

/** What sends notices in a worker, deployed or on a laptop. */
export function openNotices(parts: NoticeParts, { chat, notify, sinks }: Notifying): SendNotice {
  const { limits, database, sealer, digestKey, api, ids, clock, random, logger } = parts;
  const budget = createPgApiBudget(database, { account: 'default', limits, part: previewPart });
  const call = createJsonClient(clock);
  const chats = createPgChatStore(database);
  return createNoticeSender({
    answerers: openAnswerers(call),
    chats,
    clock,
    jobs: createPgJobStore(database),
    logger,
    notices: createPgNoticeStore(database),
    errands: createErrands({
      approvals: createPgApprovalStore(database),
      audit: createPgAuditLog(database),
      chats,
      clock,
      digestKey,
      ids,
      inventory: createPgInventoryStore(database),
      jobs: createPgJobStore(database),
      inventoryApi: createInventoryApi({ api, budget, clock }),
      limits,
      previews: createPgPreviewStore(database),
      schedules: createPgScheduleStore(database),
      sealer,
      sinkNames: new Set(Object.keys(sinks)),
    }),
    random,
    receivers: createNoticeReceivers(notify, { clock }),
    rooms: roomsOf(notify),
    senders: openSenders(chat, { call, clock }),
  });
}
