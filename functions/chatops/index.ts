import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { openRoleSealer } from '../../shared/adapters/aliyun/open-role-sealer.ts';
import { callablePlatforms, openTransports } from '../../shared/adapters/chat/open-chat.ts';
import { createHttpEntry } from '../../shared/adapters/fc/entry.ts';
import type { Open } from '../../shared/adapters/fc/instance.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgAuditLog } from '../../shared/adapters/postgres/audit-log.ts';
import { createPgChatStore } from '../../shared/adapters/postgres/chat-store.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { createPgRequestRate } from '../../shared/adapters/postgres/request-rate.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { createWatch } from '../../shared/auth/watch.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import type { HttpApp } from '../../shared/platform/http/app.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createChatopsApp } from './handler.ts';

const open: Open<HttpApp> = async ({ config, logger, credentials, onClose }) => {
  const transports = openTransports(config.chat);
  if (transports.length === 0) return createChatopsApp({ logger, random }, null);
  const url = connectionStringOf(config.database.url);
  const database = await openMigratedDatabase({ url, logger }, onClose);
  const keyring = createPgKeyringStore(database);
  const sealer = await openRoleSealer(config, { keyring, credentials, clock, logger, random });
  const rate = createPgRequestRate(database);
  return createChatopsApp(
    { logger, random },
    {
      actors: config.chat.actors,
      approvals: createPgApprovalStore(database),
      chats: createPgChatStore(database),
      clock,
      digestKey: createDigestKeyLoader({ keyring, sealer, random }),
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
      transports,
      verbs: createPgJobVerbs(database),
      waker: createWaker(config.wake, { credentials, clock, random }),
      watch: createWatch({ audit: createPgAuditLog(database), rate }),
    },
  );
};

export const { handler, fetch, initialize, preStop } = createHttpEntry('chatops', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open,
});
