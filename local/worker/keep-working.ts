import { runWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';

/** How long an idle process leaves the database alone; other processes may have put work there. */
const idlePollMs = 1_000;

/** Runs the worker again and again until `stop` aborts. What it holds then is finished or left to its lease. */
export async function keepWorking(deps: WorkerDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const nextDueInMs = await runOnce(deps, stop);
    if (stop.aborted) return;
    await rest(deps, stop, Math.max(1, Math.min(idlePollMs, nextDueInMs ?? idlePollMs)));
  }
}

/** A run that fails is told and followed by the next one: this process has no platform that would start it again. */
async function runOnce(deps: WorkerDeps, stop: AbortSignal): Promise<number | null> {
  try {
    return (await runWorker(deps, stop)).nextDueInMs;
  } catch (error) {
    deps.logger.error('worker run failed, the next one goes on', { error });
    return null;
  }
}

async function rest(deps: WorkerDeps, stop: AbortSignal, ms: number): Promise<void> {
  const woken = new AbortController();
  const wake = (): void => woken.abort();
  stop.addEventListener('abort', wake, { once: true });
  void deps.onHint?.(woken.signal).then(wake);
  await deps.clock.sleep(ms, woken.signal);
  wake();
  stop.removeEventListener('abort', wake);
}
