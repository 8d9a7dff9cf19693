import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApiBudget, BudgetScope } from '../../../shared/budget/api-budget.ts';
import { createGovernor, type Governor } from '../../../shared/budget/governor.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

const scope: BudgetScope = { regionId: 'cn-hangzhou', action: 'DescribeVpnConnections' };
const elsewhere: BudgetScope = { regionId: 'eu-central-1', action: 'DescribeVpnConnections' };

interface Bench {
  clock: FakeClock;
  governor: Governor;
  /** How many calls were asked for each time. */
  takes: number[];
  slowed: { scope: BudgetScope; pauseMs: number }[];
  /** How many calls can still be had. */
  left: number;
}

function aGovernor(left: number, options: { ahead?: number; retryInMs?: number } = {}): Bench {
  const { ahead = 0, retryInMs = 500 } = options;
  const clock = new FakeClock();
  const bench: Omit<Bench, 'governor'> = { clock, takes: [], slowed: [], left };
  const budget: ApiBudget = {
    take: async (_scope, wanted) => {
      bench.takes.push(wanted);
      const granted = Math.min(wanted, bench.left);
      bench.left -= granted;
      return { granted, retryInMs: granted < wanted ? retryInMs : 0 };
    },
    slowDown: async (slowedScope, pauseMs) => {
      bench.slowed.push({ scope: slowedScope, pauseMs });
    },
  };
  const governor = createGovernor({ budget, clock, ahead: () => ahead, lingerMs: 1 });
  return Object.assign(bench, { governor });
}

describe('createGovernor', () => {
  it('asks once for all calls that are wanted at the same time', async () => {
    const bench = aGovernor(10);

    const admitted = Promise.all([1, 2, 3].map(() => bench.governor.admit(scope, 0)));
    await bench.clock.advance(1);

    expect(await admitted).toEqual([null, null, null]);
    expect(bench.takes).toEqual([3]);
  });

  it('asks for each region and action apart', async () => {
    const bench = aGovernor(10);

    const admitted = Promise.all([scope, elsewhere].map((each) => bench.governor.admit(each, 0)));
    await bench.clock.advance(1);

    expect(await admitted).toEqual([null, null]);
    expect(bench.takes).toEqual([1, 1]);
  });

  it('says when to come again instead of waiting longer than it may', async () => {
    const bench = aGovernor(1, { retryInMs: 3_000 });

    const admitted = Promise.all([
      bench.governor.admit(scope, 0),
      bench.governor.admit(scope, 2_000),
    ]);
    await bench.clock.advance(1);

    expect(await admitted).toEqual([null, { retryInMs: 3_000 }]);
    expect(bench.clock.sleeping).toBe(0);
  });

  it('waits for a place as long as it may', async () => {
    const bench = aGovernor(0, { retryInMs: 500 });
    const admitted = bench.governor.admit(scope, 2_000);
    await bench.clock.advance(600);
    bench.left = 1;

    await bench.clock.advance(600);

    expect(await admitted).toBeNull();
    expect(bench.takes).toEqual([1, 1, 1]);
  });

  it('takes calls in advance, and forgets them when they get old', async () => {
    const bench = aGovernor(100, { ahead: 4 });
    const admit = async (): Promise<unknown> => {
      const admitted = bench.governor.admit(scope, 0);
      await bench.clock.advance(1);
      return admitted;
    };

    for (let call = 0; call < 5; call += 1) await admit();
    const once = [...bench.takes];
    await admit();
    await bench.clock.advance(1_001);
    await admit();

    expect(once).toEqual([5]);
    expect(bench.takes).toEqual([5, 5, 5]);
  });

  it('takes none in advance for five minutes after the cloud throttled, elsewhere as before', async () => {
    const bench = aGovernor(100, { ahead: 4 });
    const admit = async (where: BudgetScope): Promise<unknown> => {
      const admitted = bench.governor.admit(where, 0);
      await bench.clock.advance(1);
      return admitted;
    };

    await bench.governor.throttled(scope);
    await admit(scope);
    await admit(elsewhere);
    await bench.clock.advance(300_000);
    await admit(scope);

    expect(bench.takes).toEqual([1, 5, 5]);
  });

  it('tells everybody when the cloud throttled', async () => {
    const bench = aGovernor(1);

    await bench.governor.throttled(scope);

    expect(bench.slowed).toEqual([{ scope, pauseMs: 1_000 }]);
  });

  it('rejects whoever asked while the budget cannot be reached, and goes on afterwards', async () => {
    const clock = new FakeClock();
    let isDown = true;
    const budget: ApiBudget = {
      take: async (_scope, wanted) => {
        if (isDown) throw new Error('connection refused');
        return { granted: wanted, retryInMs: 0 };
      },
      slowDown: () => Promise.resolve(),
    };
    const governor = createGovernor({ budget, clock, ahead: () => 0, lingerMs: 1 });

    const failing = governor.admit(scope, 0).catch((error: Error) => error.message);
    await clock.advance(1);
    isDown = false;
    const next = governor.admit(scope, 0);
    await clock.advance(1);

    expect(await failing).toBe('connection refused');
    expect(await next).toBeNull();
  });

  it('never admits more than was granted, whatever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 40 }),
        fc.nat({ max: 30 }),
        fc.nat({ max: 6 }),
        async (pauses, left, ahead) => {
          const bench = aGovernor(left, { ahead, retryInMs: 100 });
          const answers: Promise<unknown>[] = [];
          for (const pause of pauses) {
            answers.push(bench.governor.admit(scope, 300));
            await bench.clock.advance(pause);
          }
          await bench.clock.advance(2_000);

          const admitted = (await Promise.all(answers)).filter((answer) => answer === null).length;
          expect(admitted).toBeLessThanOrEqual(left - bench.left);
          expect(admitted === pauses.length || bench.left === 0).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
