import { startWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';

/** How long an idle process leaves the database alone; other processes may have put work there. */
const idlePollMs = 1_000;

/**
 * Runs the worker again and again until `stop` aborts. What it holds then is finished or left to its lease. A run that only
 * waits for whoever is told of something goes on beside the next one.
 */
export async function keepWorking(deps: WorkerDeps, stop: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  while (!stop.aborted) {
    const { handedOver, over } = startWorker(deps, stop);
    const told = untilTold(deps, over).finally(() => underWay.delete(told));
    underWay.add(told);
    const nextDueInMs = await handedOver.then(
      (end) => end.nextDueInMs,
      () => null,
    );
    if (stop.aborted) break;
    await rest(deps, stop, Math.max(1, Math.min(idlePollMs, nextDueInMs ?? idlePollMs)));
  }
  await Promise.all(underWay);
}

/** A run that fails is told and followed by the next one: this process has no platform that would start it again. */
async function untilTold({ logger }: WorkerDeps, over: Promise<unknown>): Promise<void> {
  try {
    await over;
  } catch (error) {
    logger.error('worker run failed, the next one goes on', { error });
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
