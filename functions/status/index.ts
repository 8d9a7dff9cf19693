import openApi from '../../docs/openapi.json' with { type: 'json' };
import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { createHttpEntry } from '../../shared/adapters/fc/entry.ts';
import { createPgFleetStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { openGate } from '../../shared/adapters/postgres/open-gate.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createStatusApp } from './handler.ts';

export const { handler, fetch, initialize, preStop } = createHttpEntry('status', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open: async ({ config, logger, onClose }) => {
    const url = connectionStringOf(config.database.url);
    const database = await openMigratedDatabase({ url, logger }, onClose);
    return createStatusApp({
      clock,
      fleet: createPgFleetStore(database, config.worker),
      ...openGate(database, config),
      jobs: createPgJobStore(database),
      journal: createPgJournalStore(database),
      keyring: createPgKeyringStore(database),
      logger,
      openApi,
      random,
      schedules: createPgScheduleStore(database),
    });
  },
});
