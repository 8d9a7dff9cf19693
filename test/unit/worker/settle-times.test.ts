import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSettleTimes, untilTick } from '../../../shared/worker/settle-times.ts';

const pollMs = 3_000;

function learned(times: readonly number[], attachType: 'VPNGW' | 'CEN' = 'VPNGW') {
  const settleTimes = createSettleTimes(pollMs);
  times.forEach((ms, index) => {
    settleTimes.accepted(`chg_${index}`, attachType, 1_000);
    settleTimes.settled(`chg_${index}`, 1_000 + ms);
  });
  return settleTimes;
}

describe('createSettleTimes', () => {
  it('waits three polls as long as it knows too little', () => {
    expect(learned(Array.from({ length: 7 }, () => 60_000)).firstLookMs('VPNGW', false)).toBe(
      9_000,
    );
  });

  it('looks one poll before the early ones were seen settled', () => {
    const times = [20_000, 30_000, 30_000, 40_000, 40_000, 50_000, 50_000, 60_000];

    expect(learned(times).firstLookMs('VPNGW', false)).toBe(27_000);
  });

  it('looks at what is to be proved before the fastest was done', () => {
    const times = [20_000, 30_000, 30_000, 40_000, 40_000, 50_000, 50_000, 60_000];

    expect(learned(times).earlyLookMs('VPNGW')).toBe(17_000);
    expect(learned(times.slice(1)).earlyLookMs('VPNGW')).toBe(pollMs);
  });

  it('never looks earlier than after one poll', () => {
    expect(learned(Array.from({ length: 20 }, () => 500)).firstLookMs('VPNGW', false)).toBe(pollMs);
  });

  it('knows gateways and attachments apart', () => {
    const settleTimes = learned(
      Array.from({ length: 8 }, () => 30_000),
      'CEN',
    );

    expect(settleTimes.firstLookMs('CEN', false)).toBe(27_000);
    expect(settleTimes.firstLookMs('NO_ASSOCIATED', false)).toBe(27_000);
    expect(settleTimes.firstLookMs('VPNGW', false)).toBe(9_000);
  });

  it('forgets old times', () => {
    const times = [
      ...Array.from({ length: 64 }, () => 60_000),
      ...Array.from({ length: 64 }, () => 15_000),
    ];

    expect(learned(times).firstLookMs('VPNGW', false)).toBe(12_000);
  });

  it('learns nothing from a change that another worker sent', () => {
    const settleTimes = createSettleTimes(pollMs);
    for (let index = 0; index < 20; index += 1) settleTimes.settled(`chg_${index}`, 1);

    expect(settleTimes.firstLookMs('VPNGW', false)).toBe(9_000);
  });
});

/** So many attachments in flight beside those that were seen settled. */
function crowdedWith(inFlight: number, times: readonly number[] = []) {
  const settleTimes = learned(times, 'CEN');
  for (let index = 0; index < inFlight; index += 1) {
    settleTimes.accepted(`chg_open_${index}`, 'CEN', 100_000);
  }
  return settleTimes;
}

describe('looks that are sparable', () => {
  const spread = [20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75].map((s) => s * 1_000);

  it.each([
    ['few are in flight', crowdedWith(10, spread), 'CEN', true],
    ['somebody waits behind them', crowdedWith(11, spread), 'CEN', false],
    ['those of another kind are in flight', crowdedWith(11, spread), 'VPNGW', true],
  ] as const)('are not spared while %s', (_, settleTimes, attachType, isSparable) => {
    expect(settleTimes.pauseMs(attachType, 30_000, isSparable)).toBe(0);
    expect(settleTimes.firstLookMs(attachType, isSparable)).toBe(
      settleTimes.firstLookMs(attachType, false),
    );
  });

  it('are not spared for a crowd of which all but few are stuck', () => {
    const settleTimes = crowdedWith(11, spread);
    const stuckAtMs = 100_000 + 3 * 75_000;

    settleTimes.accepted('chg_young', 'CEN', stuckAtMs - 1);
    const before = settleTimes.pauseMs('CEN', 30_000, true);
    settleTimes.accepted('chg_younger', 'CEN', stuckAtMs);

    expect(before).toBeGreaterThan(0);
    expect(settleTimes.pauseMs('CEN', 30_000, true)).toBe(0);
  });

  it('leave it to those who came first to find out how long changes take', () => {
    expect(crowdedWith(11).firstLookMs('CEN', true)).toBe(18_000);
    expect(crowdedWith(10).firstLookMs('CEN', true)).toBe(9_000);
  });

  it('come first when half of earlier changes had settled', () => {
    expect(crowdedWith(11, spread).firstLookMs('CEN', true)).toBe(50_000 - pollMs);
  });

  it('come again when half of those as slow had settled', () => {
    expect(crowdedWith(11, spread).pauseMs('CEN', 39_000, true)).toBe(60_000 - 39_000);
  });

  it('grow rarer while nobody knows how long it may take, up to one a minute', () => {
    const settleTimes = crowdedWith(11);

    expect(settleTimes.pauseMs('CEN', 40_000, true)).toBe(20_000);
    expect(settleTimes.pauseMs('CEN', 300_000, true)).toBe(60_000);
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
