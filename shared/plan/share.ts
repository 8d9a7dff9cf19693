import { z } from 'zod';

const largestCount = 1_000_000;

/** A count, or a percentage of the plan's targets written as `"10%"`. */
export type Share = number | string;

function shareFrom(least: 0 | 1) {
  const message = `must be a whole number of ${least} or more, or a percentage from "${least}%" to "100%"`;
  const percentage = least === 0 ? /^(100|[1-9]?\d)%$/ : /^(100|[1-9]\d?)%$/;
  return z.union(
    [
      z.number(message).int(message).min(least, message).max(largestCount, message),
      z.string(message).regex(percentage, message),
    ],
    message,
  );
}

export const ShareFromOne = shareFrom(1);
export const ShareFromZero = shareFrom(0);

/** How many of `total` a share is, rounded up and at least one. */
export function atLeastOneOf(share: Share, total: number): number {
  return Math.max(1, Math.ceil(amountOf(share, total)));
}

/** How many of `total` a share is, rounded down. */
export function atMostOf(share: Share, total: number): number {
  return Math.floor(amountOf(share, total));
}

/** How many of `total` a share is, not rounded. */
export function amountOf(share: Share, total: number): number {
  return typeof share === 'number' ? share : (total * Number.parseInt(share, 10)) / 100;
}
