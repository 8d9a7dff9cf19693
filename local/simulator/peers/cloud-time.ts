import type { LogLine } from './tunnel-log.ts';

/** By how much the cloud's clock is ahead of the simulator's, milliseconds. */
interface Skewed {
  readonly clockSkewMs: number;
}

/** Logs are stamped in China's time everywhere (API document DiagnoseVpnConnections: `FailedTime` beside `SourceLog`). */
const LOG_ZONE_MS = 8 * 3_600_000;

/** A moment by the cloud's own clock, Unix milliseconds. */
export function cloudTimeOf(at: number, { clockSkewMs }: Skewed): number {
  return at + clockSkewMs;
}

/** A log line as the API shows it: date, time, connection, what happened. */
export function logText({ at, text }: LogLine, connectionId: string, skewed: Skewed): string {
  const local = new Date(cloudTimeOf(at, skewed) + LOG_ZONE_MS).toISOString();
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${connectionId} ${text}`;
}
