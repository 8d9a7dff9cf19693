import {
  type FakePlatform,
  type FakeReceiver,
  startFakeReceiver,
  startFakeSlack,
} from '../../helpers/chat-platforms.ts';
import { emptyAllTables, type TestDatabase } from '../../helpers/databases.ts';
import type { VirtualWorld, VirtualWorldOptions } from '../../helpers/virtual-world.ts';
import { openVirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet } from './fleet.ts';

/** Three connections on one gateway; beside them stands `bad`, which refuses every write. */
export const names = Array.from({ length: 3 }, (_, index) => `c${index}`);

/** A world with a room and a receiver to be told. */
export interface NotifiedWorld {
  world: VirtualWorld;
  slack: FakePlatform;
  receiver: FakeReceiver;
  /** The kinds that the receiver was told, in order. */
  kinds(): readonly string[];
  /** Notices, and lanes of notices, that are still there. */
  left(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Opens one on an emptied database. */
export async function openNotified(
  database: TestDatabase,
  settings: VirtualWorldOptions['settings'] = {},
): Promise<NotifiedWorld> {
  await emptyAllTables(database);
  const slack = await startFakeSlack();
  const receiver = await startFakeReceiver();
  const fleet = {
    ...Object.fromEntries(names.map((name) => [`${name}@gw`, {}])),
    bad: { sim: 'sim:error=InvalidName' },
  };
  const world = await openVirtualWorld({
    database,
    settings,
    simulator: { inventory: aFleet(fleet), settleMs: { min: 20_000, max: 30_000 }, seed: 5 },
  });
  return {
    world,
    slack,
    receiver,
    kinds: () => receiver.notices.map(({ kind }) => kind),
    left: () =>
      database.query(
        "SELECT n.kind FROM lanekeeper.notice n UNION ALL SELECT kind FROM lanekeeper.lane WHERE kind = 'notice'",
      ),
    close: async () => {
      await Promise.all([world.close(), slack.close(), receiver.close()]);
    },
  };
}
