import type { ApiBudget } from '../../../shared/budget/api-budget.ts';
import type { JobStore } from '../../../shared/job/job-store.ts';
import type { JournalStore, SealedJournal } from '../../../shared/journal/journal-store.ts';
import type { LaneStore, ResolveStore } from '../../../shared/lane/lane-store.ts';
import type { Clock } from '../../../shared/platform/clock.ts';
import type { KeyringStore } from '../../../shared/secret/keyring-store.ts';
import { type BudgetOptions, type BudgetWindows, createMemoryApiBudget } from './api-budget.ts';
import { createMemoryJobStore } from './job-store.ts';
import { createMemoryJournalStore } from './journal-store.ts';
import { createMemoryKeyringStore, type Keys } from './keyring-store.ts';
import { createMemoryLaneStore } from './lane-store.ts';
import { createMemoryResolveStore } from './resolve-store.ts';
import { Tables } from './tables.ts';

/** All stores in memory, over the same rows. */
export interface MemoryStores {
  /** What is stored, for those who look behind the ports. */
  tables: Tables;
  jobs: JobStore;
  lanes: LaneStore;
  resolving: ResolveStore;
  journal: JournalStore;
  keyring: KeyringStore;
  budget(options: BudgetOptions): ApiBudget;
  /** Forgets everything. */
  empty(): void;
}

/** Stores for one process and one run: nothing outlives them, and each call is one step that nobody comes between. */
export function createMemoryStores(clock: Pick<Clock, 'now'>): MemoryStores {
  const tables = new Tables(clock);
  const windows: BudgetWindows = new Map();
  const keys: Keys = new Map();
  const seals = new Map<string, SealedJournal>();
  return {
    tables,
    jobs: createMemoryJobStore(tables),
    lanes: createMemoryLaneStore(tables),
    resolving: createMemoryResolveStore(tables),
    journal: createMemoryJournalStore(tables, seals),
    keyring: createMemoryKeyringStore(keys),
    budget: (options) => createMemoryApiBudget(clock, windows, options),
    empty() {
      tables.empty();
      windows.clear();
      keys.clear();
      seals.clear();
    },
  };
}
