import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApiBudget, BudgetScope } from '../../shared/budget/api-budget.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import type { StoreSet } from '../simulation/store-set.ts';
import type { StoreSubject } from './store-subjects.ts';

const limits = { writesPerMinute: 10, readsPerMinute: 40 };
const write: BudgetScope = { regionId: 'cn-hangzhou', action: 'ModifyVpnConnectionAttribute' };
const read: BudgetScope = { regionId: 'cn-hangzhou', action: 'DescribeVpnConnections' };

const Step = fc.record({
  passMs: fc.oneof(fc.constant(0), fc.nat(1_500), fc.nat(70_000)),
  wanted: fc.integer({ min: 1, max: 7 }),
  who: fc.nat(1),
  throttled: fc.option(fc.nat(5_000), { freq: 12 }),
});

/** The budget that all workers share, under a virtual clock. */
export function defineApiBudgetContract(subject: StoreSubject): void {
  const clock = new FakeClock();
  let follow = (): Promise<void> => Promise.resolve();
  let budgets: readonly ApiBudget[] = [];
  let second: StoreSet | undefined;

  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms);
    await follow();
  };
  const handle = (who: number): ApiBudget => {
    const budget = budgets[who];
    if (budget === undefined) throw new Error('no such handle');
    return budget;
  };
  const again = (): StoreSet => {
    if (second === undefined) throw new Error('no second handle');
    return second;
  };
  const take = (wanted: number, scope = write, who = 0) => handle(who).take(scope, wanted);

  beforeAll(async () => {
    follow = await subject.follow(clock);
    second = await subject.another();
    const handles = [subject.stores, second];
    budgets = handles.map((one) => one.budget({ account: 'a', limits }));
  });
  beforeEach(async () => {
    await subject.empty();
    await pass(1_250 - (clock.now() % 1_000));
  });

  it('grants what is left and says when there is more', async () => {
    expect(await take(4)).toEqual({ granted: 4, retryInMs: 0 });
    await pass(1_000);
    expect(await take(9)).toEqual({ granted: 6, retryInMs: expect.any(Number) });
    expect((await take(1)).granted).toBe(0);
  });

  it('is shared by all who ask', async () => {
    const grants = await Promise.all([0, 1, 0, 1, 0, 1].map((who) => take(3, write, who)));

    expect(grants.reduce((sum, { granted }) => sum + granted, 0)).toBe(10);
  });

  it('counts scopes apart, and each by its own limit', async () => {
    await take(10);
    const others: BudgetScope[] = [
      { ...write, regionId: 'cn-beijing' },
      { ...write, action: 'ModifyVpnAttachmentAttribute' },
    ];

    expect((await take(1)).granted).toBe(0);
    for (const scope of others) expect((await take(99, scope)).granted).toBe(10);
    expect((await take(99, read)).granted).toBe(40);
    const elsewhere = subject.stores.budget({ account: 'b', limits });
    expect((await elsewhere.take(write, 99)).granted).toBe(10);
  });

  it('gives calls back as their seconds leave the window, not sooner', async () => {
    await take(4);
    await pass(5_000);
    await take(6);
    const { retryInMs } = await take(10);
    await pass(retryInMs - 1);
    const early = await take(10);
    await pass(1);
    const late = await take(10);

    expect(retryInMs).toBe(62_000 - 5_250);
    expect([early.granted, late.granted]).toEqual([0, 4]);
  });

  describe('after a throttling answer', () => {
    it('pauses everybody', async () => {
      await handle(0).slowDown(write, 3_000);
      const other = await take(1, write, 1);
      await pass(2_999);
      const early = await take(1);
      await pass(1);

      expect(other).toEqual({ granted: 0, retryInMs: 3_000 });
      expect(early).toEqual({ granted: 0, retryInMs: 1 });
      expect((await take(1)).granted).toBe(1);
    });

    it('leaves other scopes alone', async () => {
      await handle(0).slowDown(write, 3_000);

      expect((await take(99, read)).granted).toBe(40);
    });

    it('grants half, and doubles back with every quiet minute', async () => {
      await handle(0).slowDown(write, 0);
      const granted = [(await take(99)).granted];
      await handle(0).slowDown(write, 0);
      for (let minute = 0; minute < 4; minute += 1) {
        await pass(62_000);
        granted.push((await take(99)).granted);
      }

      expect(granted).toEqual([5, 5, 10, 10, 10]);
    });

    it('halves again when it comes again after the pause, never below one call', async () => {
      const granted: number[] = [];
      for (let answer = 0; answer < 8; answer += 1) await handle(0).slowDown(write, 0);
      granted.push((await take(99)).granted);
      for (let minute = 0; minute < 6; minute += 1) {
        await pass(63_000);
        granted.push((await take(99)).granted);
      }

      expect(granted).toEqual([1, 1, 2, 4, 8, 10, 10]);
    });

    it('counts the answers of one burst once', async () => {
      await Promise.all([0, 1, 0, 1].map((who) => handle(who).slowDown(write, 2_000)));
      await pass(1_000);
      await handle(1).slowDown(write, 500);
      const { retryInMs } = await take(1);
      await pass(1_000);

      expect(retryInMs).toBe(1_000);
      expect((await take(99)).granted).toBe(5);
    });

    it('counts from the last answer', async () => {
      await handle(0).slowDown(write, 60_000);
      await pass(59_000);
      await handle(0).slowDown(write, 1_000);
      await pass(59_000);

      expect((await take(99)).granted).toBe(5);
    });

    it('says rightly when there is room in the smaller window', async () => {
      await take(5);
      await pass(10_000);
      await take(5);
      await handle(0).slowDown(write, 0);
      const { retryInMs } = await take(1);

      // The first second that leaves frees nothing: five are still as many as are allowed. A minute later all ten are.
      expect(retryInMs).toBe(60_000);
    });
  });

  describe('a part of the budget', () => {
    const part = { name: 'previews', share: 1 / 4 };
    const ofPart = (who = 0): ApiBudget =>
      (who === 0 ? subject.stores : again()).budget({ account: 'a', limits, part });

    it('gets its share at most, and leaves the rest to the others', async () => {
      const granted = [
        (await ofPart().take(read, 99)).granted,
        (await ofPart(1).take(read, 1)).granted,
      ];

      expect(granted).toEqual([10, 0]);
      expect((await take(99, read)).granted).toBe(30);
    });

    it('gets nothing of a spent budget, and loses nothing by asking', async () => {
      await take(35, read);
      const first = await ofPart().take(read, 10);
      const second = await ofPart().take(read, 10);
      await pass(second.retryInMs);

      expect([first.granted, second.granted]).toEqual([5, 0]);
      expect((await ofPart().take(read, 99)).granted).toBe(10);
    });

    it('says when there is more for it', async () => {
      await ofPart().take(read, 10);
      const { retryInMs } = await ofPart().take(read, 1);
      await pass(retryInMs - 1);
      const early = await ofPart().take(read, 1);
      await pass(1);

      expect(early.granted).toBe(0);
      expect((await ofPart().take(read, 1)).granted).toBe(1);
    });

    it('shrinks and pauses with the whole', async () => {
      await handle(0).slowDown(read, 2_000);
      const paused = await ofPart().take(read, 99);
      await pass(2_000);

      expect(paused).toEqual({ granted: 0, retryInMs: 2_000 });
      expect((await ofPart().take(read, 99)).granted).toBe(5);
      await ofPart().slowDown(read, 1_000);
      expect((await take(1, read)).granted).toBe(0);
    });
  });

  it('never lets 60 seconds hold more than the limit, and says exactly when to come again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(Step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await subject.empty();
        const calls: number[] = [];
        const takeAndNote = async (wanted: number, who: number): Promise<number | null> => {
          const { granted, retryInMs } = await take(wanted, write, who);
          calls.push(...Array.from({ length: granted }, () => clock.now()));
          return granted < wanted ? retryInMs : null;
        };
        for (const { passMs, wanted, who, throttled } of steps) {
          await pass(passMs);
          if (throttled !== null) await handle(who).slowDown(write, throttled);
          const retryInMs = await takeAndNote(wanted, who);
          if (retryInMs === null) continue;
          const before = calls.length;
          await pass(retryInMs - 1);
          await takeAndNote(1, 1 - who);
          expect(calls.length).toBe(before);
          await pass(1);
          await takeAndNote(1, who);
          expect(calls.length).toBe(before + 1);
        }
        for (const start of calls) {
          const within = calls.filter((at) => at >= start && at < start + 60_000);
          expect(within.length).toBeLessThanOrEqual(limits.writesPerMinute);
        }
      }),
      { numRuns: 15 },
    );
  }, 60_000);
}
