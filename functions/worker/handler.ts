import { type RunEnd, runWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';

/** What an invocation of the worker answers with. */
export type WorkerHandler = (stop: AbortSignal) => Promise<RunEnd>;

/** One worker run for each invocation. Invoked twice, or twice at once, it is harmless: leases decide who does what. */
export function createWorkerHandler(deps: WorkerDeps): WorkerHandler {
  return (stop) => runWorker(deps, stop);
}
