import { describe, expect, it } from 'vitest';
import { Duration } from '../../../shared/platform/duration.ts';

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
