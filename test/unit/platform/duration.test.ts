import { describe, expect, it } from 'vitest';
import { Duration, laterBy } from '../../../shared/platform/duration.ts';

describe('a duration', () => {
  it.each(['P90D', 'PT12H', 'P1Y2M3W4DT5H6M7S', 'P2W', 'P3M', 'PT0H30M'])('is %s', (text) => {
    expect(Duration.safeParse(text).success).toBe(true);
  });

  const wrong = 'must be an ISO 8601 duration such as P90D or PT12H';
  it.each<[unknown, string]>([
    ['', wrong],
    ['P', wrong],
    ['PT', wrong],
    ['P1DT', wrong],
    ['90D', wrong],
    ['p90d', wrong],
    ['P90d', wrong],
    ['P-1D', wrong],
    ['P1.5D', wrong],
    ['P1D2W', wrong],
    ['P90D ', wrong],
    ['90 days', wrong],
    [90, wrong],
    [null, wrong],
    ['P0D', 'must be longer than nothing'],
    ['PT0S', 'must be longer than nothing'],
  ])('is not %j', (input, message) => {
    const parsed = Duration.safeParse(input);

    expect(parsed.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});

describe('the time later by a duration', () => {
  it.each([
    ['2026-11-22T10:00:00.000Z', 'PT24H', '2026-11-23T10:00:00.000Z'],
    ['2026-11-22T10:00:00.000Z', 'P1W2DT1M5S', '2026-12-01T10:01:05.000Z'],
    ['2026-01-31T10:00:00.000Z', 'P1M', '2026-02-28T10:00:00.000Z'],
    ['2024-02-29T10:00:00.000Z', 'P1Y', '2025-02-28T10:00:00.000Z'],
    ['2026-01-31T10:00:00.000Z', 'P1M1D', '2026-03-01T10:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', 'PT0H1S', '2027-01-01T00:00:00.999Z'],
  ])('%s + %s is %s', (from, duration, later) => {
    expect(laterBy(from, duration)).toBe(later);
  });
});
