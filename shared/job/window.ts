import type { ChangeError } from '../change/record.ts';

/** Why a change ends that had not begun when its job's window was over. `notAfter` is ISO 8601 UTC. */
export function windowClosed(notAfter: string): ChangeError {
  return {
    code: 'WindowClosed',
    class: 'window_closed',
    message: `the window of its job was over at ${notAfter} before it could begin; submit again what is missing`,
    requestId: null,
  };
}

/** Why a job ends whose window was over, as its reason. */
export function windowClosedReason(notAfter: string): string {
  return `window_closed: the window was over at ${notAfter}; what had not begun was cancelled`;
}
