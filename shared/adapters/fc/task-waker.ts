import type { WorkerWaker } from '../../lane/worker-waker.ts';
import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';
import { type WakeTask, wakeTaskOf } from './wake-task.ts';

/** What became of a request to start a task. `code` is the platform's own, or the network's. */
export type Started =
  | { kind: 'accepted' }
  | { kind: 'refused'; status: number | null; code: string }
  /** The connection broke: the task may have been started or not. */
  | { kind: 'broken'; code: string }
  | { kind: 'silent' };

/** The code that an answer names, when it looks like one; anything else could be anything. */
export function codeOf(named: unknown): string {
  return typeof named === 'string' && /^\w[\w.]{0,63}$/.test(named) ? named : 'Unreadable';
}

/** Starts a task of the worker's function by one request. Expected outcomes are values. */
export type StartTask = (task: WakeTask) => Promise<Started>;

/**
 * The error codes for an id that was used. FC 2.0 says `StatefulAsyncInvocationAlreadyExists` (seen in programs that match
 * it; no page of the documentation lists it); for FC 3.0 the word that both would share is all there is to go by.
 */
const usedId = /AlreadyExists$/;

/**
 * A waker that starts tasks. A request whose connection broke is repeated once: after a function was frozen its kept
 * connections are dead, and the id makes the repetition harmless. Raises `unavailable` when no task was taken.
 */
export function createTaskWaker(start: StartTask, clock: Clock): WorkerWaker {
  return {
    async wake(hint) {
      const task = wakeTaskOf(hint, clock.now());
      if (task === null) return;
      const first = await start(task);
      const started = first.kind === 'broken' ? await start(task) : first;
      if (started.kind !== 'accepted' && !isTaken(started)) throw failureOf(started);
    },
  };
}

function isTaken(started: Started): boolean {
  return started.kind === 'refused' && usedId.test(started.code);
}

function failureOf(started: Exclude<Started, { kind: 'accepted' }>): AppError {
  switch (started.kind) {
    case 'broken':
      return new AppError('unavailable', `the connection to Function Compute broke twice`, {
        cause: started.code,
      });
    case 'silent':
      return new AppError('unavailable', 'Function Compute did not answer in time');
    case 'refused': {
      const { status, code } = started;
      const answer = status === null ? code : `${status} ${code}`;
      return new AppError(
        'unavailable',
        `Function Compute answered ${answer}${adviceOn(status, code)}`,
      );
    }
  }
}

/** What there is to do, where it is not only to wait. */
function adviceOn(status: number | null, code: string): string {
  if (status === 403 || /^(AccessDenied|Signature)/.test(code)) {
    return "; let the function's role fc:InvokeFunction the worker";
  }
  if (status === 404 || /NotFound$/.test(code)) {
    return "; check the worker's name in FC_WORKER_FUNCTION";
  }
  return '';
}
