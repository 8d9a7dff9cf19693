import type { WorkerSettings } from './worker-deps.ts';

/** A change whose outcome is open for longer than this fails; Terraform gives up after five minutes. */
const settleLimitMs = 600_000;
/** Longer than any operation of the cloud that its reads do not show; what they show is waited for without limit. */
const busyLimitMs = 1_800_000;

/** Waiting costs nothing in a process that is there anyway. */
const patientMs = 10_000;
/** Where waiting is paid for and a wake-up comes to the second, a run does not wait for what is due later than that. */
export const wokenToTheSecondMs = 1_000;

/** A worker's settings from the configuration; `idleAfterMs` where whoever starts the runs can wake one in time. */
export function workerSettings(config: {
  pollIntervalMs: number;
  concurrency: number;
  leaseSeconds: number;
  budgetSeconds: number;
  idleAfterMs?: number;
}): WorkerSettings {
  const { pollIntervalMs, concurrency, leaseSeconds, budgetSeconds } = config;
  const { idleAfterMs = patientMs } = config;
  return {
    pollIntervalMs,
    concurrency,
    leaseSeconds,
    budgetMs: budgetSeconds * 1_000,
    idleAfterMs,
    settleLimitMs,
    busyLimitMs,
  };
}
