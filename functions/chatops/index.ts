import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createHttpEntry } from '../../shared/adapters/fc/entry.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { createChatopsApp } from './handler.ts';

export const { handler, fetch, initialize, preStop } = createHttpEntry('chatops', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open: async ({ logger }) => createChatopsApp({ logger, random }),
});
