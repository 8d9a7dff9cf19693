import type { ApiBudget } from '../../shared/budget/api-budget.ts';
import type { ApprovalStore } from '../../shared/job/approval.ts';
import type { JobStore } from '../../shared/job/job-store.ts';
import type { JobVerbs } from '../../shared/job/job-verbs.ts';
import type { JournalStore } from '../../shared/journal/journal-store.ts';
import type { LaneStore, ResolveStore } from '../../shared/lane/lane-store.ts';
import type { KeyringStore } from '../../shared/secret/keyring-store.ts';
import type { BudgetOptions } from './memory-store/api-budget.ts';

/** Every store that the system stands on, as one process has them. */
export interface StoreSet {
  jobs: JobStore;
  verbs: JobVerbs;
  approvals: ApprovalStore;
  lanes: LaneStore;
  resolving: ResolveStore;
  journal: JournalStore;
  keyring: KeyringStore;
  budget(options: BudgetOptions): ApiBudget;
}
