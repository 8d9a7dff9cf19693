import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { openRoleSealer } from '../../shared/adapters/aliyun/open-role-sealer.ts';
import { openTransports } from '../../shared/adapters/chat/open-chat.ts';
import { createHttpEntry } from '../../shared/adapters/fc/entry.ts';
import type { Open } from '../../shared/adapters/fc/instance.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import type { HttpApp } from '../../shared/platform/http/app.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createChatopsApp } from './handler.ts';
import { openChats } from './open-chats.ts';

const open: Open<HttpApp> = async ({ config, logger, credentials, onClose }) => {
  if (openTransports(config.chat).length === 0) return createChatopsApp({ logger, random }, null);
  const url = connectionStringOf(config.database.url);
  const database = await openMigratedDatabase({ url, logger }, onClose);
  const keyring = createPgKeyringStore(database);
  const sealer = await openRoleSealer(config, { keyring, credentials, clock, logger, random });
  const digestKey = createDigestKeyLoader({ keyring, sealer, random });
  const waker = createWaker(config.wake, { credentials, clock, random });
  const chats = openChats({ database, sealer, digestKey, waker, clock, random }, config);
  return createChatopsApp({ logger, random }, chats);
};

export const { handler, fetch, initialize, preStop } = createHttpEntry('chatops', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open,
});
