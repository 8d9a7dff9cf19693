import { type RunEnd, runWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';

/** One invocation of the worker. */
export interface Work {
  stop: AbortSignal;
  /** When it is ended from outside, if that is known. */
  timeoutMs?: number | null;
  /** Stands on each of its log lines, where the platform gives one. */
  requestId?: string | null;
}

/** What an invocation of the worker answers with. */
export type WorkerHandler = (work: Work) => Promise<RunEnd>;

/** From the end of its budget a run takes no more lanes, and has this long for its last steps and to wake the next run. */
const handOverMs = 60_000;

/**
 * How long a run may go on: what is configured, but never so long that the platform ends it in the middle of a step. Of a
 * timeout too short for that, half is left.
 */
export function budgetWithin(configuredMs: number, timeoutMs: number | null): number {
  if (timeoutMs === null) return configuredMs;
  return Math.min(configuredMs, timeoutMs - Math.min(handOverMs, timeoutMs / 2));
}

/** One worker run for each invocation. Invoked twice, or twice at once, it is harmless: leases decide who does what. */
export function createWorkerHandler(deps: WorkerDeps): WorkerHandler {
  return ({ stop, timeoutMs = null, requestId = null }) => {
    const { settings } = deps;
    const logger = requestId === null ? deps.logger : deps.logger.child({ requestId });
    const budgetMs = budgetWithin(settings.budgetMs, timeoutMs);
    return runWorker({ ...deps, logger, settings: { ...settings, budgetMs } }, stop);
  };
}
