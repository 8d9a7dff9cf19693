import type { Logger } from '../platform/logger.ts';
import type { WorkerWaker } from './worker-waker.ts';

/**
 * Wakes a worker for a job that was just accepted. Never rejects: the job is safe in the store whether or not this reaches
 * the worker, and the timer finds it too.
 */
export async function wakeWorker(waker: WorkerWaker, logger: Logger): Promise<void> {
  try {
    await waker.wake({ delaySeconds: 0 });
  } catch (err) {
    logger.warn('worker not woken, the timer will', { err });
  }
}
