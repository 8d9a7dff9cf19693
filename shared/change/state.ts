/** Where a change stands, as callers see it. The last six are for good. */
export const changeStates = [
  'queued',
  'delivering',
  'applying',
  'settling',
  'verifying',
  'rolling_back',
  'succeeded',
  'unchanged',
  'failed',
  'rolled_back',
  'skipped',
  'cancelled',
] as const;
export type ChangeState = (typeof changeStates)[number];

const finalStates: ReadonlySet<ChangeState> = new Set([
  'succeeded',
  'unchanged',
  'failed',
  'rolled_back',
  'skipped',
  'cancelled',
]);

/** Whether nothing more happens to a change in this state. */
export function isFinalChange(state: ChangeState): boolean {
  return finalStates.has(state);
}

/** Whether the state counts against `maxErrors` and makes the job fail. */
export function isErrorState(state: ChangeState): boolean {
  return state === 'failed' || state === 'rolled_back';
}

/**
 * What an unfinished change does next, kept in the store so that any worker can go on:
 * - `read`: read the connection, compare, prepare the request. Nothing has been sent.
 * - `send`: the request is stored and may have been sent. Whoever finds this after a crash reads back first.
 * - `settle`: the cloud accepted it; wait until it is done, then compare.
 * - `reconcile`: the fate of a send is unknown; read back, then settle the outcome or repeat the identical request.
 * - `deliver`: off its lane, new values go to the sinks, and wait for the other side's word where that is required.
 * - `prove`: off its lane, a part that stands has to show that the other side has it too.
 */
export const changeSteps = ['read', 'send', 'settle', 'reconcile', 'deliver', 'prove'] as const;
export type ChangeStep = (typeof changeSteps)[number];
