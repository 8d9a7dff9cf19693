import type { ApiBudget, BudgetScope } from '../../../shared/budget/api-budget.ts';
import type { Clock } from '../../../shared/platform/clock.ts';

/** How long a granted second counts: a minute, and the slack on the way from the grant to the cloud. */
const windowSeconds = 62;
const minuteMs = 60_000;
const smallestShare = 0.05;

interface Window {
  /** Calls by the whole second in which they were granted. */
  calls: Map<number, number>;
  /** Of the limit, right after the last throttling. */
  share: number;
  throttledAt: number | null;
  pausedUntil: number | null;
}

/** The windows of all accounts, regions and actions. */
export type BudgetWindows = Map<string, Window>;

/** How a budget is cut; as {@link ApiBudget}s on a database are. */
export interface BudgetOptions {
  account: string;
  limits: { readsPerMinute: number; writesPerMinute: number };
  /** Takes from the same windows, but never more than its share. */
  part?: { name: string; share: number };
}

/** The shared API budget in memory: budgets over the same windows are handles of one. */
export function createMemoryApiBudget(
  clock: Pick<Clock, 'now'>,
  windows: BudgetWindows,
  { account, limits, part }: BudgetOptions,
): ApiBudget {
  const keyOf = ({ regionId, action }: BudgetScope): string => `${account}/${regionId}/${action}`;
  const limitOf = ({ action }: BudgetScope): number =>
    action.startsWith('Modify') ? limits.writesPerMinute : limits.readsPerMinute;
  const windowOf = (key: string): Window => {
    const known = windows.get(key);
    if (known) return known;
    const fresh = { calls: new Map(), share: 1, throttledAt: null, pausedUntil: null };
    windows.set(key, fresh);
    return fresh;
  };
  return {
    async take(scope, wanted) {
      const now = clock.now();
      const whole = windowOf(keyOf(scope));
      const limit = limitOf(scope);
      if (part === undefined) return take(whole, wanted, limit, now);
      const ofPart = windowOf(`${keyOf(scope)}/${part.name}`);
      const share = Math.max(1, Math.floor(allowedAt(whole, limit, now) * part.share));
      const granted = take(ofPart, wanted, share, now);
      if (granted.granted === 0) return granted;
      const ofWhole = take(whole, granted.granted, limit, now);
      const missing = granted.granted - ofWhole.granted;
      if (missing === 0) return granted;
      grant(ofPart, -missing, now);
      return ofWhole;
    },
    async slowDown(scope, pauseMs) {
      slow(windowOf(keyOf(scope)), clock.now(), pauseMs);
    },
  };
}

/** How many calls the window may hold at a moment: after throttling less, doubling back with every quiet minute. */
function allowedAt({ share, throttledAt }: Window, limit: number, at: number): number {
  const quiet = throttledAt === null ? 30 : Math.min(30, Math.floor((at - throttledAt) / minuteMs));
  return Math.max(1, Math.floor(limit * Math.min(1, share * 2 ** quiet)));
}

function spentAt({ calls }: Window, at: number): number {
  const oldest = Math.floor(at / 1_000) - windowSeconds;
  return [...calls].reduce((sum, [second, count]) => sum + (second > oldest ? count : 0), 0);
}

function roomAt(window: Window, limit: number, at: number): number {
  if (window.pausedUntil !== null && window.pausedUntil > at) return 0;
  return Math.max(0, allowedAt(window, limit, at) - spentAt(window, at));
}

function grant({ calls }: Window, count: number, now: number): void {
  const second = Math.floor(now / 1_000);
  calls.set(second, (calls.get(second) ?? 0) + count);
}

function take(
  window: Window,
  wanted: number,
  limit: number,
  now: number,
): { granted: number; retryInMs: number } {
  const oldest = Math.floor(now / 1_000) - windowSeconds;
  for (const second of window.calls.keys()) if (second <= oldest) window.calls.delete(second);
  const granted = Math.min(wanted, roomAt(window, limit, now));
  if (granted > 0) grant(window, granted, now);
  if (granted === wanted) return { granted, retryInMs: 0 };
  const moments = [
    ...[...window.calls.keys()].map((second) => (second + windowSeconds) * 1_000),
    ...[1, 2, 3, 4, 5].map((minute) => (window.throttledAt ?? now) + minute * minuteMs),
    window.pausedUntil ?? now,
  ];
  const open = moments.filter((at) => at > now && roomAt(window, limit, at) > 0);
  return { granted, retryInMs: Math.ceil(Math.min(...open) - now) };
}

function slow(window: Window, now: number, pauseMs: number): void {
  const isPaused = window.pausedUntil !== null && window.pausedUntil > now;
  // Answers to calls that were already under way do not halve it again.
  if (!isPaused) {
    const quiet =
      window.throttledAt === null ? 1 : Math.floor((now - window.throttledAt) / minuteMs);
    const recovered = Math.min(1, window.share * 2 ** Math.min(30, quiet));
    window.share = Math.max(smallestShare, recovered / 2);
  }
  window.throttledAt = now;
  window.pausedUntil = Math.max(window.pausedUntil ?? 0, now + pauseMs);
}
