import type { AttachType } from '../connection/model.ts';

const kept = 64;
const enough = 8;
/** How many accepted changes are remembered until they settle. */
const mostOpen = 10_000;
/** The share of earlier changes that had settled when we look for the first time. */
const firstLookShare = 0.2;
/** Looks before anything is known come after this many polls; Terraform too waits 10 s before its first look. */
const patientPolls = 3;

/** How long changes took to settle, as this worker saw them, and when it is worth looking. All in milliseconds. */
export interface SettleTimes {
  /** The cloud accepted the change at this monotonic time. */
  accepted(changeId: string, at: number): void;
  /** The change was seen settled at this monotonic time; without effect when another worker saw its acceptance. */
  settled(changeId: string, attachType: AttachType, at: number): void;
  /** How long after its acceptance a change is looked at first. */
  firstLookMs(attachType: AttachType): number;
}

/**
 * Learns settle times apart for gateways and attachments. A look before changes usually settle is wasted, and right
 * after acceptance the cloud may still show the old final state.
 */
export function createSettleTimes(pollIntervalMs: number): SettleTimes {
  const seen = new Map<string, number[]>();
  const acceptedAt = new Map<string, number>();
  const keyOf = (attachType: AttachType): string =>
    attachType === 'VPNGW' ? 'gateway' : 'attachment';
  return {
    accepted(changeId, at) {
      acceptedAt.set(changeId, at);
      const [oldest] = acceptedAt.keys();
      // Changes that another worker sees settled are never asked for here.
      if (acceptedAt.size > mostOpen && oldest !== undefined) acceptedAt.delete(oldest);
    },
    settled(changeId, attachType, at) {
      const since = acceptedAt.get(changeId);
      acceptedAt.delete(changeId);
      if (since === undefined) return;
      const times = seen.get(keyOf(attachType)) ?? [];
      seen.set(keyOf(attachType), [...times, at - since].slice(-kept));
    },
    firstLookMs(attachType) {
      const times = seen.get(keyOf(attachType)) ?? [];
      if (times.length < enough) return patientPolls * pollIntervalMs;
      const sorted = [...times].sort((a, b) => a - b);
      const early = sorted[Math.floor(sorted.length * firstLookShare)] ?? 0;
      return Math.max(pollIntervalMs, early - pollIntervalMs);
    },
  };
}

/**
 * Milliseconds from `now` until the first tick of the poll grid at or after `now + delayMs`. Looks fall on common ticks, so
 * that one read serves all that are due. Wall-clock milliseconds.
 */
export function untilTick(now: number, delayMs: number, pollIntervalMs: number): number {
  const tick = Math.ceil((now + delayMs) / pollIntervalMs) * pollIntervalMs;
  return tick - now;
}
