/** Where a job stands, as callers see it. The last three are for good. */
export const jobStates = [
  'resolving',
  'awaiting_approval',
  'waiting_for_window',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof jobStates)[number];

/** Whether nothing more happens to a job in this state. */
export function isFinalJob(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
