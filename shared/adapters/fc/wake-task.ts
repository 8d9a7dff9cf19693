import type { WakeHint } from '../../lane/worker-waker.ts';
import { AppError } from '../../platform/errors.ts';

/** One asynchronous invocation of the worker. */
export interface WakeTask {
  /** Function Compute carries out a task of a function once for each id, for as long as it remembers the task. */
  id: string;
  /** 0 or what `x-fc-async-delay` takes. */
  delaySeconds: number;
  /** The event, as the worker's entry reads it. */
  event: string;
}

/** The event that wakes the worker. */
const wakeEvent = '{"kind":"wake"}';

/** What is due later is found by the timer, each minute; the platform would take up to 3,600. */
export const longestDelaySeconds = 120;
/** Source: GetStatefulAsyncInvocation, "statefulAsyncInvocationId". */
const taskId = /^[A-Za-z_][\w-]{0,127}$/;

/**
 * The task that a hint asks for at `now` (milliseconds since the epoch); null when it is left to the timer.
 *
 * A hint for now has its cause's id: doubles of it are dropped. A later one has the id of the second in which it comes:
 * one look then serves everybody who asked for it before. Raises `internal` for a cause that makes no id.
 */
export function wakeTaskOf({ cause, delaySeconds }: WakeHint, now: number): WakeTask | null {
  if (delaySeconds > longestDelaySeconds) return null;
  const isNow = delaySeconds < 1;
  const dueSecond = Math.ceil(now / 1_000 + delaySeconds);
  const id = isNow ? `now_${cause}` : `due_${dueSecond}`;
  if (!taskId.test(id)) throw new AppError('internal', `${id} is not the id of a task`);
  return { id, delaySeconds: isNow ? 0 : Math.ceil(delaySeconds), event: wakeEvent };
}
