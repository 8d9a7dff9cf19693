import { type RunEnd, runWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';

/** One invocation; `requestId`, where the platform gives one, stands on each of its log lines. */
export type WorkerHandler = (stop: AbortSignal, requestId?: string | null) => Promise<RunEnd>;

/** One worker run for each invocation. Invoked twice, or twice at once, it is harmless: leases decide who does what. */
export function createWorkerHandler(deps: WorkerDeps): WorkerHandler {
  return (stop, requestId = null) => {
    const logger = requestId === null ? deps.logger : deps.logger.child({ requestId });
    return runWorker({ ...deps, logger }, stop);
  };
}
