import { describe, expect, it } from 'vitest';
import { keepWorking } from '../../../local/worker/keep-working.ts';
import type { FakeClock } from '../../helpers/fake-clock.ts';
import { aWorker, type Claimed, idleLane, nothing } from '../../helpers/scripted-worker.ts';

/** Longer than a run may go on. */
const budgetsMs = 65_000;

/** In steps, so that what begins on the way is at its first pause before the time goes on. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) await clock.advance(500);
}

describe('a process that works', () => {
  it('goes on with changes while the last run waits for whoever is told of something', async () => {
    const claimedAt: number[] = [];
    const answer =
      (lanes: Claimed['lanes']) =>
      async (clock: FakeClock): Promise<Claimed> => {
        claimedAt.push(clock.now());
        return { lanes, nextDueInMs: 200 };
      };
    const notice = { ...idleLane, laneKey: 'notice:1', kind: 'notice' as const };
    const { clock, deps } = aWorker([answer([notice]), answer([])], { noticeMs: 300_000 });
    const beganAt = clock.now();
    const stop = new AbortController();
    let isOver = false;
    const working = keepWorking(deps, stop.signal).then(() => {
      isOver = true;
    });

    await pass(clock, 3 * budgetsMs);
    const gaps = claimedAt.map((at, index) => at - (claimedAt[index - 1] ?? beganAt));
    stop.abort();
    await pass(clock, 1_000);
    const before = isOver;
    await clock.advance(300_000);
    await working;

    expect(claimedAt.at(-1)).toBeGreaterThan(beganAt + 2 * budgetsMs);
    expect(Math.max(...gaps)).toBeLessThan(2_000);
    expect(before).toBe(false);
  });

  it('starts the next run after one that failed, and tells of it', async () => {
    const { clock, deps } = aWorker([nothing(null)]);
    const stop = new AbortController();
    let runs = 0;
    const told: unknown[] = [];
    const logger = { ...deps.logger, error: (message: string) => void told.push(message) };
    const tally = {
      ...deps.tally,
      flush: () => {
        runs += 1;
        return runs === 1 ? Promise.reject(new Error('no')) : Promise.resolve();
      },
    };
    const working = keepWorking({ ...deps, logger, tally }, stop.signal);
    await pass(clock, 10_000);
    stop.abort();
    await pass(clock, 1_000);
    await working;

    expect(runs).toBeGreaterThan(2);
    expect(told).toEqual(['worker run failed, the next one goes on']);
  });
});
