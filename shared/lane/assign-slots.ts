/** A change that a free lane may start, as far as its connection and lane go. */
export interface Candidate {
  laneKey: string;
  jobId: string;
  changeId: string;
}

/** How many more changes of each job may be in flight; a job that is absent or closed has none. */
export type FreeSlots = ReadonlyMap<string, number>;

/** Which change each lane starts, and which lanes have work that no job may start now. */
export interface Assignments {
  started: readonly Candidate[];
  parked: readonly string[];
}

/**
 * Gives slots to lanes. `candidates` come with the lanes that matter most first and, within a lane, the oldest job
 * first; a lane takes its first candidate whose job has a slot left. Never more starts of a job than it has slots,
 * never two for a lane, and a lane is parked only when none of its candidates can start.
 */
export function assignSlots(candidates: readonly Candidate[], slots: FreeSlots): Assignments {
  const left = new Map(slots);
  const started = new Map<string, Candidate>();
  const seen = new Set<string>();
  for (const candidate of candidates) {
    seen.add(candidate.laneKey);
    const free = left.get(candidate.jobId) ?? 0;
    if (free <= 0 || started.has(candidate.laneKey)) continue;
    left.set(candidate.jobId, free - 1);
    started.set(candidate.laneKey, candidate);
  }
  return {
    started: [...started.values()],
    parked: [...seen].filter((laneKey) => !started.has(laneKey)),
  };
}
