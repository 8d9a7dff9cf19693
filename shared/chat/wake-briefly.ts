import { wakeWorker } from '../lane/wake-worker.ts';
import type { WorkerWaker } from '../lane/worker-waker.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';

/** A platform waits for three seconds in all, and the timer wakes a worker too. */
const longestMs = 300;

/** Wakes a worker for what was just stored, and does not wait for that for long. Never rejects. */
export async function wakeBriefly(
  { waker, clock }: { waker: WorkerWaker; clock: Clock },
  cause: string,
  logger: Logger,
): Promise<void> {
  const woken = new AbortController();
  const waking = wakeWorker(waker, cause, logger);
  await Promise.race([waking, clock.sleep(longestMs, woken.signal)]);
  woken.abort();
}
