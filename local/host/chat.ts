import { createChatopsApp } from '../../functions/chatops/handler.ts';
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
import type { HttpApp } from '../../shared/platform/http/app.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';

/** What the local host has open that commands from chats need too. */
interface ChatParts {
  config: Config;
  database: Database;
  sealer: Sealer;
  digestKey: Buffer;
  bell: WorkerWaker;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** The chatops function as the local host serves it. */
export function openChat(parts: ChatParts): HttpApp {
  const { config, database, sealer, digestKey, bell, clock, random, logger } = parts;
  const rate = createPgRequestRate(database);
  return createChatopsApp(
    { logger, random },
    {
      actors: config.chat.actors,
      approvals: createPgApprovalStore(database),
      chats: createPgChatStore(database),
      clock,
      digestKey: () => Promise.resolve(digestKey),
      freezes: createPgFreezeStore(database),
      ids: createIds(clock, random),
      jobs: createPgJobStore(database),
      lanes: createPgLaneStore(database),
      random,
      requestsPerMinute: config.requestsPerMinute,
      schedules: createPgScheduleStore(database),
      sealer,
      senders: callablePlatforms(config.chat),
      sinkNames: new Set(Object.keys(config.sinks)),
      transports: openTransports(config.chat),
      verbs: createPgJobVerbs(database),
      waker: bell,
      watch: createWatch({ audit: createPgAuditLog(database), rate }),
    },
  );
}
