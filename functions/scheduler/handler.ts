import type { LaneStore } from '../../shared/lane/lane-store.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import { type DueReport, runDueSchedules } from '../../shared/schedule/run-due-schedules.ts';
import type { RunScheduleDeps } from '../../shared/schedule/run-schedule.ts';

/** What one tick did. */
export interface TickReport {
  /** Planned runs of schedules. */
  runs: DueReport;
  /** Leases of workers that are gone. */
  reclaimed: number;
  /** Lanes that had work and were not due. */
  roused: number;
  woken: boolean;
}

/** The next tick comes within a minute; what is due before it must not wait for it. */
const horizonMs = 60_000;

/** What a tick needs. */
export interface TickDeps extends RunScheduleDeps {
  lanes: LaneStore;
  waker: WorkerWaker;
  logger: Logger;
}

/**
 * One tick of the timer: does the runs of schedules that have come, takes back leases that ran out, makes lanes due whose
 * wake-up was lost, wakes a worker when something is due before the next tick, and erases keys that are kept no longer. Derived from the database alone, so ticks
 * may be late, doubled or lost. What goes wrong with the runs is raised when all else is done. `name` is the same for doubles
 * of a tick, so that they wake one worker.
 */
export async function tick(deps: TickDeps, name: string): Promise<TickReport> {
  // First, so that a worker is woken for their jobs too.
  const [runs] = await Promise.allSettled([runDueSchedules(deps)]);
  const { reclaimed, roused, nextDueInMs } = await deps.lanes.repair();
  const woken = nextDueInMs !== null && nextDueInMs <= horizonMs;
  if (woken) {
    const delaySeconds = Math.max(0, Math.ceil(nextDueInMs / 1_000));
    await deps.waker.wake({ delaySeconds, cause: `tick-${name}` });
  }
  const erased = await deps.lanes.eraseKeys();
  if (erased > 0) deps.logger.info('keys erased that are kept no longer', { changes: erased });
  if (reclaimed + roused > 0) deps.logger.info('lanes repaired', { reclaimed, roused });
  if (runs.status === 'rejected') throw runs.reason;
  return { runs: runs.value, reclaimed, roused, woken };
}
