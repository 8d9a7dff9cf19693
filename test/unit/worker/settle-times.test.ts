import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSettleTimes, untilTick } from '../../../shared/worker/settle-times.ts';

const pollMs = 3_000;

function learned(times: readonly number[], attachType: 'VPNGW' | 'CEN' = 'VPNGW') {
  const settleTimes = createSettleTimes(pollMs);
  times.forEach((ms, index) => {
    settleTimes.accepted(`chg_${index}`, 1_000);
    settleTimes.settled(`chg_${index}`, attachType, 1_000 + ms);
  });
  return settleTimes;
}

describe('createSettleTimes', () => {
  it('waits three polls as long as it knows too little', () => {
    expect(learned(Array.from({ length: 7 }, () => 60_000)).firstLookMs('VPNGW')).toBe(9_000);
  });

  it('looks one poll before the early ones were seen settled', () => {
    const times = [20_000, 30_000, 30_000, 40_000, 40_000, 50_000, 50_000, 60_000];

    expect(learned(times).firstLookMs('VPNGW')).toBe(27_000);
  });

  it('never looks earlier than after one poll', () => {
    expect(learned(Array.from({ length: 20 }, () => 500)).firstLookMs('VPNGW')).toBe(pollMs);
  });

  it('knows gateways and attachments apart', () => {
    const settleTimes = learned(
      Array.from({ length: 8 }, () => 30_000),
      'CEN',
    );

    expect(settleTimes.firstLookMs('CEN')).toBe(27_000);
    expect(settleTimes.firstLookMs('NO_ASSOCIATED')).toBe(27_000);
    expect(settleTimes.firstLookMs('VPNGW')).toBe(9_000);
  });

  it('forgets old times', () => {
    const times = [
      ...Array.from({ length: 64 }, () => 60_000),
      ...Array.from({ length: 64 }, () => 15_000),
    ];

    expect(learned(times).firstLookMs('VPNGW')).toBe(12_000);
  });

  it('learns nothing from a change that another worker sent', () => {
    const settleTimes = createSettleTimes(pollMs);
    for (let index = 0; index < 20; index += 1) settleTimes.settled(`chg_${index}`, 'VPNGW', 1);

    expect(settleTimes.firstLookMs('VPNGW')).toBe(9_000);
  });
});

describe('untilTick', () => {
  it('gives the first common tick that is late enough', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 41 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        (now, delayMs, interval) => {
          const ms = untilTick(now, delayMs, interval);

          expect((now + ms) % interval).toBe(0);
          expect(ms).toBeGreaterThanOrEqual(delayMs);
          expect(ms - delayMs).toBeLessThan(interval);
        },
      ),
    );
  });
});
