import type { WorkerSettings } from './worker-deps.ts';

/** A change whose outcome is open for longer than this fails; Terraform gives up after five minutes. */
const settleLimitMs = 600_000;
/** How long a changed tunnel may take to come up again, as long as plans cannot say it. */
const verifyTimeoutMs = 300_000;
/** Longer than any operation of the cloud that its reads do not show; what they show is waited for without limit. */
const busyLimitMs = 1_800_000;

/** A worker's settings from the configuration. */
export function workerSettings(config: {
  pollIntervalMs: number;
  concurrency: number;
  leaseSeconds: number;
  budgetSeconds: number;
}): WorkerSettings {
  const { pollIntervalMs, concurrency, leaseSeconds, budgetSeconds } = config;
  return {
    pollIntervalMs,
    concurrency,
    leaseSeconds,
    budgetMs: budgetSeconds * 1_000,
    settleLimitMs,
    verifyTimeoutMs,
    busyLimitMs,
  };
}
