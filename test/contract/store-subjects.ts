import {
  databaseKinds,
  emptyAllTables,
  type TestDatabase,
  useVirtualDatabaseClock,
} from '../helpers/databases.ts';
import type { FakeClock } from '../helpers/fake-clock.ts';
import { createMemoryStores, type MemoryStores } from '../simulation/memory-store/stores.ts';
import type { StoreSet } from '../simulation/store-set.ts';
import { storesOn } from '../simulation/store-sources.ts';

/** What no port shows, for tests that have to break it or look at it. */
export interface Inside {
  /** Takes a lane's due time away, as a lost wake-up does. */
  loseDueTime(laneKey: string): Promise<void>;
  /** All that is stored of the lanes. */
  lanes(): Promise<unknown>;
  /** How many changes of the job wait on each of its lanes. */
  waiting(jobId: string): Promise<readonly number[]>;
  limits(jobId: string): Promise<{ maxInFlight: number; maxErrors: number }>;
}

/** An implementation of the stores, to run their contract on. */
export interface StoreSubject {
  stores: StoreSet;
  /** The same rows as another process has them. */
  another(): Promise<StoreSet>;
  /** Puts the time under this clock; answers with what tells the store that it was moved. */
  follow(clock: FakeClock): Promise<() => Promise<void>>;
  empty(): Promise<void>;
  inside: Inside;
}

/** The stores on a database, embedded or served. */
export function databaseSubject(database: TestDatabase): StoreSubject {
  return {
    stores: storesOn(database),
    another: async () => storesOn(await database.another()),
    follow: (clock) => useVirtualDatabaseClock(database, clock),
    empty: () => emptyAllTables(database),
    inside: {
      async loseDueTime(laneKey) {
        await database.query('UPDATE lanekeeper.lane SET due_at = NULL WHERE lane_key = $1', [
          laneKey,
        ]);
      },
      lanes: () => database.query('SELECT * FROM lanekeeper.lane ORDER BY lane_key'),
      async waiting(jobId) {
        const rows = await database.query(
          'SELECT waiting FROM lanekeeper.lane_job WHERE job_id = $1',
          [jobId],
        );
        return rows.map((row) => Number(row.waiting));
      },
      async limits(jobId) {
        const [row] = await database.query(
          'SELECT max_in_flight, max_errors FROM lanekeeper.job WHERE id = $1',
          [jobId],
        );
        return { maxInFlight: Number(row?.max_in_flight), maxErrors: Number(row?.max_errors) };
      },
    },
  };
}

/** The stores in memory. */
function memorySubject(): StoreSubject {
  let clock: FakeClock | undefined;
  const stores: MemoryStores = createMemoryStores({ now: () => clock?.now() ?? 0 });
  const { tables } = stores;
  return {
    stores,
    another: async () => stores,
    async follow(given) {
      clock = given;
      return () => Promise.resolve();
    },
    empty: async () => stores.empty(),
    inside: {
      async loseDueTime(laneKey) {
        const lane = tables.lanes.get(laneKey);
        if (lane) lane.dueAt = null;
      },
      lanes: async () => structuredClone([...tables.lanes.values()]),
      async waiting(jobId) {
        const waiting = tables
          .changesOf(jobId)
          .filter(({ record, isReleased }) => isReleased && record.state === 'queued')
          .map(({ record }) => record.laneKey);
        return [...new Set(waiting)].map(
          (lane) => waiting.filter((other) => other === lane).length,
        );
      },
      async limits(jobId) {
        const job = tables.jobs.get(jobId);
        return { maxInFlight: job?.maxInFlight ?? 0, maxErrors: job?.maxErrors ?? 0 };
      },
    },
  };
}

/** Every implementation: `describe.each(storeKinds)('… $kind', ({ subject }) => { const world = openWorldOn(subject()); … })`. */
export const storeKinds = [
  ...databaseKinds.map(({ kind, withDatabase }) => {
    return { kind, subject: () => databaseSubject(withDatabase()) };
  }),
  { kind: 'memory', subject: memorySubject },
] as const;
