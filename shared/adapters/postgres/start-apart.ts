import { assignSlots, type Candidate } from '../../lane/assign-slots.ts';
import type { Assignment } from '../../lane/lane-store.ts';
import { type CompanionJobs, keepApart } from './companions.ts';
import type { Query } from './database.ts';
import type { JobSlots } from './move-jobs.ts';
import { listCandidates, type RankedCandidate, startChanges } from './start-changes.ts';

/** What was started, by lane, and what has to wait for a slot. */
export interface Started {
  fresh: ReadonlyMap<string, Assignment>;
  parked: readonly RankedCandidate[];
}

/**
 * Gives slots to lanes and starts what they take. Of candidates that back each other up one is started; the lanes of the others
 * look for something else, now that it is in flight, together with those that were left without a slot: one may be free again. The
 * caller holds the locks of lanes and jobs, and that of jobs that meet.
 */
export async function startApart(
  run: Query,
  candidates: readonly RankedCandidate[],
  jobs: { slots: Pick<JobSlots, 'toStart'>; companions: CompanionJobs },
): Promise<Started> {
  const fresh = new Map<string, Assignment>();
  const left = new Map(jobs.slots.toStart);
  for (let open = candidates; ; ) {
    const chosen = assignSlots(open, left);
    const { apart, held } = await keepApart(run, chosen.started, jobs.companions);
    for (const [laneKey, assignment] of await startChanges(run, apart)) {
      const { jobId } = assignment.change;
      fresh.set(laneKey, assignment);
      left.set(jobId, (left.get(jobId) ?? 0) - 1);
    }
    const parked = open.filter(({ laneKey }) => chosen.parked.includes(laneKey));
    if (held.length === 0) return { fresh, parked };
    open = await listCandidates(run, lanesOf([...held, ...parked]));
  }
}

function lanesOf(candidates: readonly Candidate[]): readonly string[] {
  return [...new Set(candidates.map(({ laneKey }) => laneKey))];
}
