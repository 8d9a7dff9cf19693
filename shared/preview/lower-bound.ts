/** A change as far as it decides how long a job takes at least. */
export interface BoundedChange {
  laneKey: string;
  /** The API action and region of its write, which share a budget. */
  writeScope: string;
}

/** What holds a job up, however quick everything else is. */
export interface LowerBound {
  seconds: number;
  limitedBy: 'nothing' | 'lane' | 'group' | 'concurrency' | 'writes';
}

/** The same bound if each change takes as long as changes did on average; as it is where nothing was measured. */
export function expectedSeconds(
  { seconds, limitedBy }: LowerBound,
  settleMs: number | null,
): number {
  if (settleMs === null || settleMs <= 0) return seconds;
  const settleSeconds = settleMs / 1000;
  // Between full minutes of writes nobody waits for a change; only the last ones have to settle.
  return limitedBy === 'writes'
    ? seconds - assumedSettleSeconds + settleSeconds
    : (seconds / assumedSettleSeconds) * settleSeconds;
}

/** The least time in which a change was seen to settle; the cloud documents none. */
export const assumedSettleSeconds = 20;

/**
 * The least time that a job takes: no lane and no redundancy group changes two connections at once, no more than
 * `concurrency` are in flight, and no minute holds more writes than the budget. `together`: most connections that all back each
 * other up.
 */
export function lowerBoundOf(
  changes: readonly BoundedChange[],
  limits: { concurrency: number; writesPerMinute: number; together: number },
): LowerBound {
  if (changes.length === 0) return { seconds: 0, limitedBy: 'nothing' };
  const rounds = (count: number): number => count * assumedSettleSeconds;
  const lanes = largest(changes.map(({ laneKey }) => laneKey));
  const writes = largest(changes.map(({ writeScope }) => writeScope));
  const fullMinutes = Math.floor((writes - 1) / limits.writesPerMinute);
  const candidates: LowerBound[] = [
    { limitedBy: 'lane', seconds: rounds(lanes) },
    { limitedBy: 'group', seconds: rounds(limits.together) },
    { limitedBy: 'concurrency', seconds: rounds(Math.ceil(changes.length / limits.concurrency)) },
    { limitedBy: 'writes', seconds: fullMinutes * 60 + rounds(1) },
  ];
  return candidates.reduce((most, each) => (each.seconds > most.seconds ? each : most));
}

/** How often the most frequent key occurs. */
function largest(keys: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts.values()].reduce((a, b) => Math.max(a, b), 0);
}
