import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { openRoleSealer } from '../../shared/adapters/aliyun/open-role-sealer.ts';
import { createEventEntry } from '../../shared/adapters/fc/entry.ts';
import { TickEvent } from '../../shared/adapters/fc/events.ts';
import type { Open } from '../../shared/adapters/fc/instance.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openMigratedDatabase } from '../../shared/adapters/postgres/open-migrated.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { connectionStringOf } from '../../shared/secret/connection-string.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { type TickDeps, tick } from './handler.ts';

const open: Open<TickDeps> = async ({ config, logger, credentials, onClose }) => {
  const url = connectionStringOf(config.database.url);
  const database = await openMigratedDatabase({ url, logger }, onClose);
  const keyring = createPgKeyringStore(database);
  const sealer = await openRoleSealer(config, { keyring, credentials, clock, logger, random });
  return {
    clock,
    digestKey: createDigestKeyLoader({ keyring, sealer, random }),
    ids: createIds(clock, random),
    lanes: createPgLaneStore(database),
    logger,
    schedules: createPgScheduleStore(database),
    sealer,
    sinkNames: new Set(Object.keys(config.sinks)),
    waker: createWaker(config.wake, { credentials, clock, random }),
  };
};

export const { handler, initialize, preStop } = createEventEntry('scheduler', {
  secrets: (credentials) => openKmsSecrets({ clock, credentials }),
  open,
  event: TickEvent,
  run: (deps, { triggerTime }, { requestId }) =>
    tick({ ...deps, logger: deps.logger.child({ requestId }) }, String(Date.parse(triggerTime))),
});
