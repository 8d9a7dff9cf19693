import { assignSlots } from '../../lane/assign-slots.ts';
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
 * look for something else, now that it is in flight. The caller holds the locks of lanes and jobs, and that of jobs that meet.
 */
export async function startApart(
  run: Query,
  candidates: readonly RankedCandidate[],
  jobs: { slots: Pick<JobSlots, 'toStart'>; companions: CompanionJobs },
): Promise<Started> {
  const fresh = new Map<string, Assignment>();
  const parked: RankedCandidate[] = [];
  const left = new Map(jobs.slots.toStart);
  let open = candidates;
  while (open.length > 0) {
    const chosen = assignSlots(open, left);
    parked.push(...open.filter(({ laneKey }) => chosen.parked.includes(laneKey)));
    const { apart, held } = await keepApart(run, chosen.started, jobs.companions);
    const started = await startChanges(run, apart);
    for (const [laneKey, assignment] of started) {
      const { jobId } = assignment.change;
      fresh.set(laneKey, assignment);
      left.set(jobId, (left.get(jobId) ?? 0) - 1);
    }
    open = await listCandidates(
      run,
      held.map(({ laneKey }) => laneKey),
    );
  }
  return { fresh, parked };
}
