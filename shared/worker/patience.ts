/** Whatever takes long is still looked at after so many poll intervals. */
const mostPolls = 10;
/** How much of the time that something has taken already may pass before the next look. */
const share = 1 / 20;

/**
 * How long to leave something alone that has gone on for `waitedMs`: until the next tick of looks as long as it is young,
 * then a twentieth of its age. So its end is noticed late by a twentieth at most, and what is stuck costs few calls.
 * Milliseconds.
 */
export function pauseAfter(waitedMs: number, pollIntervalMs: number): number {
  const pause = waitedMs * share;
  return pause <= pollIntervalMs ? 1 : Math.min(pause, mostPolls * pollIntervalMs);
}

/**
 * How long after its `refusals`th busy answer a request is tried again: one poll interval after the first, then twice as
 * long each time. What a read does not show to be busy costs a write to ask for. Milliseconds.
 */
export function pauseAfterRefusal(refusals: number, pollIntervalMs: number): number {
  return pollIntervalMs * Math.min(mostPolls, 2 ** Math.max(0, refusals - 1));
}

/** The time between the first of so many busy answers and the last, as {@link pauseAfterRefusal} spaces them. */
export function refusedForMs(refusals: number, pollIntervalMs: number): number {
  let sum = 0;
  for (let refusal = 1; refusal < refusals; refusal += 1) {
    sum += pauseAfterRefusal(refusal, pollIntervalMs);
  }
  return sum;
}

/** How long a sink may go on failing in a passing way before the change fails, milliseconds. */
export const sinkPatienceMs = 1_800_000;

/** How long after its so many failures in a row a sink is asked again: a second, then twice as long each time, up to a minute. */
export function pauseAfterFailure(failures: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.max(0, failures - 1));
}

/** What is latent may be so for a day: a twentieth of its age, up to ten minutes. Milliseconds. */
export function pauseWhileLatent(waitedMs: number, pollIntervalMs: number): number {
  return Math.min(600_000, Math.max(mostPolls * pollIntervalMs, waitedMs * share));
}
