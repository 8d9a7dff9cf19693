import { describe, expect, it } from 'vitest';
import type { ClaimedLane } from '../../../shared/lane/lane-store.ts';
import type { FakeClock } from '../../helpers/fake-clock.ts';
import { aWorker, type Claimed, idleLane, nothing, unused } from '../../helpers/scripted-worker.ts';

describe('runWorker', () => {
  it('does not believe an answer that was made while its own lane was given back', async () => {
    const lane = async (): Promise<Claimed> => ({ lanes: [idleLane], nextDueInMs: null });
    const slowAndStale = async (clock: FakeClock): Promise<Claimed> => {
      await clock.sleep(1_000);
      return { lanes: [], nextDueInMs: null };
    };
    const { run, hints } = aWorker([lane, slowAndStale, nothing(25_000)], { recordMs: 500 });

    expect(await run()).toEqual({ reason: 'idle', nextDueInMs: 25_000 });
    expect(hints).toEqual([25]);
  });

  it('wakes nobody when nothing is due at all', async () => {
    const { run, hints } = aWorker([nothing(null)]);

    expect(await run()).toEqual({ reason: 'idle', nextDueInMs: null });
    expect(hints).toEqual([]);
  });

  it.each([
    ['ends for what is due later than it is told to wait', 1_001, 1_000, 'idle', [2]],
    ['waits for what is due sooner', 1_000, 1_000, 'budget', [1]],
    ['waits longer where it is told nothing', 9_900, undefined, 'budget', [10]],
  ])('%s', async (_, dueInMs, idleAfterMs, reason, woken) => {
    const { run, hints } = aWorker(
      [nothing(dueInMs)],
      idleAfterMs === undefined ? {} : { idleAfterMs },
    );

    expect((await run()).reason).toBe(reason);
    expect(hints).toEqual(woken);
  });

  it('wakes the next run before whoever is told of something has answered', async () => {
    const notice: ClaimedLane = { ...idleLane, laneKey: 'notice:1', kind: 'notice' };
    const stop = new AbortController();
    const claims = [
      async (clock: FakeClock): Promise<Claimed> => {
        void clock.sleep(1_000).then(() => stop.abort());
        return { lanes: [notice], nextDueInMs: 0 };
      },
      nothing(0),
    ];
    const worker = aWorker(claims, { noticeMs: 1_000_000 });
    const ended = worker.run(stop.signal).then(() => 'ended');
    const before = await Promise.race([ended, worker.clock.sleep(100_000).then(() => 'working')]);

    expect([before, worker.hints]).toEqual(['working', [0]]);
    await worker.clock.advance(1_000_000);
    expect(await ended).toBe('ended');
  });

  it('asks again what is due once it has given everything back', async () => {
    const lane = async (): Promise<Claimed> => ({ lanes: [idleLane], nextDueInMs: null });
    const stop = new AbortController();
    const { run, clock, updates, hints } = aWorker([lane, nothing(4_500)], { recordMs: 5_000 });
    void clock.sleep(100).then(() => stop.abort());

    expect(await run(stop.signal)).toEqual({ reason: 'stopped', nextDueInMs: 4_500 });
    expect(updates).toHaveLength(1);
    expect(hints).toEqual([5]);
  });

  it('tries a database that cannot be reached until its budget is spent', async () => {
    const { run, clock, hints } = aWorker([unused]);

    expect(await run()).toEqual({ reason: 'budget', nextDueInMs: 0 });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(60_000);
    expect(hints).toEqual([0]);
  });

  it('lets go of a stop signal that outlives it', async () => {
    const stop = new AbortController();
    const listeners = { added: 0, removed: 0 };
    const { addEventListener, removeEventListener } = stop.signal;
    Object.assign(stop.signal, {
      addEventListener: (...args: Parameters<typeof addEventListener>) => {
        listeners.added += 1;
        addEventListener.apply(stop.signal, args);
      },
      removeEventListener: (...args: Parameters<typeof removeEventListener>) => {
        listeners.removed += 1;
        removeEventListener.apply(stop.signal, args);
      },
    });

    await aWorker([nothing(null)]).run(stop.signal);

    expect(listeners).toEqual({ added: 1, removed: 1 });
  });
});
