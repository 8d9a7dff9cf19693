import { describe, expect, it } from 'vitest';
import { budgetWithin } from '../../../functions/worker/handler.ts';

describe("a run's budget", () => {
  it.each([
    ['what is configured, where nobody ends it', 840_000, null, 840_000],
    ['what is configured, with time left for the hand-over', 840_000, 900_000, 840_000],
    ['a minute less than the timeout', 840_000, 600_000, 540_000],
    ['half of a timeout that is shorter than two minutes', 840_000, 60_000, 30_000],
    ['half of the platform’s default timeout', 840_000, 3_000, 1_500],
    ['what is configured, when that is short', 10_000, 900_000, 10_000],
  ])('is %s', (_, configuredMs, timeoutMs, budgetMs) => {
    expect(budgetWithin(configuredMs, timeoutMs)).toBe(budgetMs);
  });
});
