import type { AttachType } from '../connection/model.ts';

const kept = 64;
const enough = 8;
/** How many accepted changes are remembered until they settle. */
const mostOpen = 10_000;
/** The share of earlier changes that had settled when we look for the first time. */
const firstLookShare = 0.2;
/** Looks before anything is known come after this many polls; Terraform too waits 10 s before its first look. */
const patientPolls = 3;
/** The same for looks that are spared: those who came first find out for them how long changes take. */
const sparedPolls = 6;

/** From so many of a kind in flight on, sparable looks are spared. */
const crowd = 10;
/** A change that is open for so many times the longest settle time seen is none of the crowd. */
const stuckAfter = 3;
/** A look that nobody waits for comes at the latest after this, however long the change takes. */
const longestPauseMs = 60_000;

/**
 * How long changes took to settle, as this worker saw them, and when it is worth looking. All in milliseconds. A look is
 * sparable when it costs a call of its own and nobody waits behind the change.
 */
export interface SettleTimes {
  /** The cloud accepted the change at this monotonic time. */
  accepted(changeId: string, attachType: AttachType, at: number): void;
  /** The change was seen settled at this monotonic time; without effect when another worker saw its acceptance. */
  settled(changeId: string, at: number): void;
  /** How long after its acceptance a change is looked at first. */
  firstLookMs(attachType: AttachType, isSparable: boolean): number;
  /** The same before any change like it has settled: for one of which it matters when it was last seen not to be. */
  earlyLookMs(attachType: AttachType): number;
  /**
   * How long to leave a change alone that was accepted `openForMs` ago and is still not settled: not at all, or when it is
   * sparable, and many are in flight, until half of those as slow as this one had settled.
   */
  pauseMs(attachType: AttachType, openForMs: number, isSparable: boolean): number;
}

type Kind = 'gateway' | 'attachment';

function kindOf(attachType: AttachType): Kind {
  return attachType === 'VPNGW' ? 'gateway' : 'attachment';
}

/**
 * Learns settle times apart for gateways and attachments. A look before changes usually settle is wasted, and right
 * after acceptance the cloud may still show the old final state.
 */
export function createSettleTimes(pollIntervalMs: number): SettleTimes {
  const seen: Record<Kind, readonly number[]> = { gateway: [], attachment: [] };
  const open = new Map<string, { kind: Kind; at: number }>();
  let latest = 0;
  const isCrowded = (kind: Kind): boolean => {
    const times = seen[kind];
    // What is open for much longer than any other was is stuck, or over without having been seen settled.
    const oldest = times.length < enough ? -Infinity : latest - stuckAfter * Math.max(...times);
    return (
      [...open.values()].filter((each) => each.kind === kind && each.at > oldest).length > crowd
    );
  };
  return {
    accepted(changeId, attachType, at) {
      latest = at;
      open.set(changeId, { kind: kindOf(attachType), at });
      const [oldest] = open.keys();
      // Changes that another worker sees settled are never asked for here.
      if (open.size > mostOpen && oldest !== undefined) open.delete(oldest);
    },
    settled(changeId, at) {
      latest = at;
      const change = open.get(changeId);
      if (change === undefined) return;
      open.delete(changeId);
      seen[change.kind] = [...seen[change.kind], at - change.at].slice(-kept);
    },
    firstLookMs(attachType, isSparable) {
      const kind = kindOf(attachType);
      const times = seen[kind];
      const isSpared = isSparable && isCrowded(kind);
      if (times.length < enough) return pollIntervalMs * (isSpared ? sparedPolls : patientPolls);
      const early = quantile(times, isSpared ? 0.5 : firstLookShare);
      return Math.max(pollIntervalMs, early - pollIntervalMs);
    },
    earlyLookMs(attachType) {
      const times = seen[kindOf(attachType)];
      if (times.length < enough) return pollIntervalMs;
      return Math.max(pollIntervalMs, Math.min(...times) - pollIntervalMs);
    },
    pauseMs(attachType, openForMs, isSparable) {
      const kind = kindOf(attachType);
      if (!isSparable || !isCrowded(kind)) return 0;
      const slower = seen[kind].filter((time) => time > openForMs);
      const pause = slower.length < enough ? openForMs / 2 : quantile(slower, 0.5) - openForMs;
      return Math.min(longestPauseMs, pause);
    },
  };
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

/**
 * Milliseconds from `now` until the first tick of the poll grid at or after `now + delayMs`. Looks fall on common ticks, so
 * that one read serves all that are due. Wall-clock milliseconds.
 */
export function untilTick(now: number, delayMs: number, pollIntervalMs: number): number {
  const tick = Math.ceil((now + delayMs) / pollIntervalMs) * pollIntervalMs;
  return tick - now;
}
