import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { emptyAllTables, useVirtualDatabaseClock } from '../helpers/database-state.ts';
import { createMemoryStores } from './memory-store/stores.ts';
import type { StoreSource } from './run-seed.ts';
import type { StoreSet } from './store-set.ts';

/** Stores in memory, new ones for each run. */
export const inMemory: StoreSource = async (clock) => {
  const stores = createMemoryStores(clock);
  return () => stores;
};

/** Stores that write a pause down and go on all the same. */
export const deafToPauses: StoreSource = async (clock) => {
  const stores = createMemoryStores(clock);
  const order: StoreSet['verbs']['order'] = async (jobId, verb, by) => {
    const outcome = await stores.verbs.order(jobId, verb, by);
    const job = stores.tables.jobs.get(jobId);
    if (verb === 'pause' && job?.state === 'paused') job.state = 'running';
    return outcome;
  };
  return () => ({ ...stores, verbs: { order } });
};

/** The stores as one process has them on a database. */
export function storesOn(database: Database): StoreSet {
  return {
    jobs: createPgJobStore(database),
    verbs: createPgJobVerbs(database),
    approvals: createPgApprovalStore(database),
    lanes: createPgLaneStore(database),
    resolving: createPgResolveStore(database),
    journal: createPgJournalStore(database),
    keyring: createPgKeyringStore(database),
    budget: (options) => createPgApiBudget(database, options),
  };
}

/** The stores on one database, which is emptied before each run; its time is the run's. */
export function onDatabase(database: Database): StoreSource {
  return async (clock) => {
    await emptyAllTables(database);
    const tellTime = await useVirtualDatabaseClock(database, clock);
    let told = clock.now();
    /** The time is told before a statement, and only when it has passed. */
    const inTime = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      if (clock.now() !== told) {
        told = clock.now();
        await tellTime();
      }
      return work();
    };
    const timed: Database = {
      ...database,
      kind: database.kind,
      query: (text, values) => inTime(() => database.query(text, values)),
      transaction: (work) => inTime(() => database.transaction(work)),
    };
    return () => storesOn(timed);
  };
}
