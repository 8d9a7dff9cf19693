import type { Assignment, Lease } from '../../lane/lane-store.ts';

/** How many lanes are remembered; each weighs a few kilobytes. */
const mostLanes = 2_000;

/**
 * What this process last claimed on each lane and has not written since. When the next epoch is ours too, nobody held the
 * lane in between: its change still is what it was and need not be read again. Most looks at a change in flight see
 * nothing new.
 */
export interface AssignmentMemory {
  /** The lane was claimed with this change on it. */
  claimed(lease: Lease, assignment: Assignment): void;
  /** The change on the lane is about to be written. */
  forget(laneKey: string): void;
  /** The change that a freshly claimed lane carries, if it still is what it was at the claim before. */
  recall(lease: Lease, changeId: string): Assignment | null;
}

export function createAssignmentMemory(): AssignmentMemory {
  const kept = new Map<string, { epoch: number; assignment: Assignment }>();
  return {
    claimed({ laneKey, epoch }, assignment) {
      kept.delete(laneKey);
      kept.set(laneKey, { epoch, assignment });
      const [oldest] = kept.keys();
      if (kept.size > mostLanes && oldest !== undefined) kept.delete(oldest);
    },
    forget(laneKey) {
      kept.delete(laneKey);
    },
    recall({ laneKey, epoch }, changeId) {
      const known = kept.get(laneKey);
      if (known === undefined || known.epoch + 1 !== epoch) return null;
      return known.assignment.change.id === changeId ? known.assignment : null;
    },
  };
}
