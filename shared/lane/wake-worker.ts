import type { Logger } from '../platform/logger.ts';
import type { WorkerWaker } from './worker-waker.ts';

/**
 * Wakes a worker at once for what was just stored, which is the cause. Never rejects: what it is to do is safe in the store
 * whether or not this reaches the worker, and the timer finds it too.
 */
export async function wakeWorker(waker: WorkerWaker, cause: string, logger: Logger): Promise<void> {
  try {
    await waker.wake({ delaySeconds: 0, cause });
  } catch (err) {
    logger.warn('worker not woken, the timer will', { err });
  }
}

/** A cause for what one request asked for; a second wake because of it may be dropped. */
export function causeOfRequest(requestId: string): string {
  return `request-${requestId.replaceAll(/[^\w-]/g, '-')}`;
}
