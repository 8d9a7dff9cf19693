import { callablePlatforms, openTransports } from '../../shared/adapters/chat/open-chat.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgAuditLog } from '../../shared/adapters/postgres/audit-log.ts';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgRequestRate } from '../../shared/adapters/postgres/request-rate.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { createWatch } from '../../shared/auth/watch.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { Random } from '../../shared/platform/random.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';
import type { Chats } from './handler.ts';

/** What is open that commands from chats need too. */
interface ChatParts {
  database: Database;
  sealer: Sealer;
  digestKey(): Promise<Buffer>;
  waker: WorkerWaker;
  clock: Clock;
  random: Random;
}

/** What answers chat platforms, deployed or on a laptop. */
export function openChats(
  { database, sealer, digestKey, waker, clock, random }: ChatParts,
  { chat, requestsPerMinute, sinks }: Pick<Config, 'chat' | 'requestsPerMinute' | 'sinks'>,
): Chats {
  const rate = createPgRequestRate(database);
  return {
    actors: chat.actors,
    approvals: createPgApprovalStore(database),
    chats: createPgChatStore(database),
    clock,
    digestKey,
    freezes: createPgFreezeStore(database),
    ids: createIds(clock, random),
    jobs: createPgJobStore(database),
    lanes: createPgLaneStore(database),
    random,
    requestsPerMinute,
    schedules: createPgScheduleStore(database),
    sealer,
    senders: callablePlatforms(chat),
    sinkNames: new Set(Object.keys(sinks)),
    transports: openTransports(chat),
    verbs: createPgJobVerbs(database),
    waker,
    watch: createWatch({ audit: createPgAuditLog(database), rate }),
  };
}
