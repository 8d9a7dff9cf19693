import type { LaneStore } from '../../shared/lane/lane-store.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Logger } from '../../shared/platform/logger.ts';

/** What one tick did. */
export interface TickReport {
  /** Leases of workers that are gone. */
  reclaimed: number;
  /** Lanes that had work and were not due. */
  roused: number;
  woken: boolean;
}

/** The next tick comes within a minute; what is due before it must not wait for it. */
const horizonMs = 60_000;

/**
 * One tick of the timer: takes back leases that ran out, makes lanes due whose wake-up was lost, and wakes a worker when
 * something is due before the next tick. Derived from the database alone, so ticks may be late, doubled or lost.
 */
export async function tick(deps: {
  lanes: LaneStore;
  waker: WorkerWaker;
  logger: Logger;
}): Promise<TickReport> {
  const { reclaimed, roused, nextDueInMs } = await deps.lanes.repair();
  const woken = nextDueInMs !== null && nextDueInMs <= horizonMs;
  if (woken) await deps.waker.wake({ delaySeconds: Math.max(0, Math.ceil(nextDueInMs / 1_000)) });
  if (reclaimed + roused > 0) deps.logger.info('lanes repaired', { reclaimed, roused });
  return { reclaimed, roused, woken };
}
