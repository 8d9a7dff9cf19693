import type { SealedJournal } from '../../../shared/journal/journal-store.ts';
import type { Clock } from '../../../shared/platform/clock.ts';
import type { StoreSet } from '../store-set.ts';
import { type BudgetWindows, createMemoryApiBudget } from './api-budget.ts';
import { createMemoryApprovalStore } from './approval-store.ts';
import { createMemoryJobStore } from './job-store.ts';
import { createMemoryJobVerbs } from './job-verbs.ts';
import { createMemoryJournalStore } from './journal-store.ts';
import { createMemoryKeyringStore, type Keys } from './keyring-store.ts';
import { createMemoryLaneStore } from './lane-store.ts';
import { createMemoryResolveStore } from './resolve-store.ts';
import { Tables } from './tables.ts';

/** All stores in memory, over the same rows. */
export interface MemoryStores extends StoreSet {
  /** What is stored, for those who look behind the ports. */
  tables: Tables;
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
    verbs: createMemoryJobVerbs(tables),
    approvals: createMemoryApprovalStore(tables),
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
