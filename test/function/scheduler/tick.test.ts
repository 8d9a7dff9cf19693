import { describe, expect, it } from 'vitest';
import { tick } from '../../../functions/scheduler/handler.ts';
import { createWorkerHandler } from '../../../functions/worker/handler.ts';
import type { WorkerWaker } from '../../../shared/lane/worker-waker.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf } from '../worker/fleet.ts';
import { useWorlds } from '../worker/worlds.ts';

const names = ['a', 'b', 'c'];
const inventory = aFleet({ 'a@1': {}, 'b@1': {}, c: {} });
const none = { submitted: 0, skipped: 0, failed: 0 };
const { signal } = new AbortController();

function recordingWaker(): WorkerWaker & { hints: number[]; causes: string[] } {
  const hints: number[] = [];
  const causes: string[] = [];
  return {
    hints,
    causes,
    wake: ({ delaySeconds, cause }) => {
      hints.push(delaySeconds);
      causes.push(cause);
      return Promise.resolve();
    },
  };
}

function tickOf(world: VirtualWorld, waker: WorkerWaker): ReturnType<typeof tick> {
  const { lanes, scheduling } = world;
  const { logger } = createRecordingLogger(world.clock);
  return tick({ ...scheduling, lanes, waker, logger }, '2026-11-22');
}

/** A worker that takes what is due and is never seen again. */
async function claimAndVanish(world: VirtualWorld): Promise<void> {
  await world.lanes.claim({ worker: 'gone', limit: 100, leaseSeconds: 30 });
}

describe('a tick of the scheduler', () => {
  const open = useWorlds(withPostgres());

  it('wakes nobody when nothing is due', async () => {
    const world = await open({ simulator: { inventory } });
    const waker = recordingWaker();

    expect(await tickOf(world, waker)).toEqual({
      runs: none,
      reclaimed: 0,
      roused: 0,
      woken: false,
    });
    expect(waker.hints).toEqual([]);
  });

  it('wakes a worker for an accepted job, and does it again when it is doubled', async () => {
    const world = await open({ simulator: { inventory } });
    await world.submit(planOf(names));
    const waker = recordingWaker();

    const reports = [await tickOf(world, waker), await tickOf(world, waker)];

    expect(reports).toEqual([
      { runs: none, reclaimed: 0, roused: 0, woken: true },
      { runs: none, reclaimed: 0, roused: 0, woken: true },
    ]);
    expect(waker.hints).toEqual([0, 0]);
    expect(waker.causes).toEqual(['tick-2026-11-22', 'tick-2026-11-22']);
  });

  it('leaves leases alone while they last, and takes them back once when they ran out', async () => {
    const world = await open({ simulator: { inventory } });
    await world.submit(planOf(names));
    await claimAndVanish(world);
    const waker = recordingWaker();

    const early = await tickOf(world, waker);
    await world.clock.sleep(31_000);
    const [late, again] = [await tickOf(world, waker), await tickOf(world, waker)];

    expect([early.reclaimed, late.reclaimed, again.reclaimed]).toEqual([0, 1, 0]);
    expect(waker.hints).toEqual([30, 0, 0]);
  });

  it('tells why the waker could not be reached', async () => {
    const world = await open({ simulator: { inventory } });
    await world.submit(planOf(names));
    const waker = { wake: () => Promise.reject(new Error('no such function')) };

    await expect(tickOf(world, waker)).rejects.toThrow('no such function');
  });

  it('in the middle of the work, doubled and late, harms nothing', async () => {
    const world = await open({ simulator: { inventory } });
    const { id } = await world.submit(planOf(names));
    let isDone = false;
    const ticking = (async () => {
      for (; !isDone; await world.clock.sleep(1_700)) {
        await Promise.all([tickOf(world, recordingWaker()), tickOf(world, recordingWaker())]);
      }
    })();

    await world.drain();
    isDone = true;
    await ticking;

    expect(
      (await outcomesOf(world.jobs, id)).map(({ state, attempts }) => [state, attempts]),
    ).toEqual(names.map(() => ['succeeded', 1]));
    expect(effectiveWrites(world).sort()).toEqual(names);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });
});

describe('the worker function', () => {
  const open = useWorlds(withPostgres());

  it('invoked three times at once does everything once', async () => {
    const world = await open({ simulator: { inventory }, settings: { pollIntervalMs: 1_000 } });
    const { id } = await world.submit(planOf(names));
    const handler = createWorkerHandler(world.worker());

    await Promise.all([
      handler({ stop: signal }),
      handler({ stop: signal }),
      createWorkerHandler(world.worker())({ stop: signal }),
    ]);

    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(effectiveWrites(world).sort()).toEqual(names);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('with nothing to do ends at once', async () => {
    const world = await open({ simulator: { inventory } });

    const end = await createWorkerHandler(world.worker())({ stop: signal });

    expect(end).toEqual({ reason: 'idle', nextDueInMs: null });
    expect(world.clock.monotonic()).toBeLessThan(1_000);
  });

  it('at the end of its budget gives everything back and wakes the next', async () => {
    const waker = recordingWaker();
    const world = await open({
      simulator: { inventory, settleMs: { min: 20_000, max: 20_000 } },
      settings: { budgetSeconds: 6, pollIntervalMs: 1_000 },
    });
    const { id } = await world.submit(planOf(names));
    const handler = createWorkerHandler(world.worker({ waker }));

    const end = await handler({ stop: signal });
    const left = await tickOf(world, recordingWaker());

    expect(end.reason).toBe('budget');
    expect(end.nextDueInMs).toBeGreaterThanOrEqual(0);
    expect(end.nextDueInMs).toBeLessThan(10_000);
    expect(waker.hints).toEqual([Math.floor((end.nextDueInMs ?? 0) / 1_000)]);
    expect(left.reclaimed).toBe(0);
    await world.drain();
    expect((await world.jobs.get(id))?.state).toBe('succeeded');
  });

  it('told to stop ends soon, with nothing left in its hands', async () => {
    const world = await open({ simulator: { inventory }, settings: { pollIntervalMs: 1_000 } });
    await world.submit(planOf(names));
    const stop = new AbortController();
    void world.clock.sleep(5_000).then(() => stop.abort());

    const end = await createWorkerHandler(world.worker())({ stop: stop.signal });

    expect(end).toMatchObject({ reason: 'stopped', nextDueInMs: expect.any(Number) });
    expect(world.clock.monotonic()).toBeLessThan(5_100);
  });

  it('goes on when the waker and the hints fail', async () => {
    const { logger, lines } = createRecordingLogger();
    const world = await open({
      simulator: { inventory },
      settings: { budgetSeconds: 3 },
      logger,
    });
    const { id } = await world.submit(planOf(names));
    const deps = world.worker({
      waker: { wake: () => Promise.reject(new Error('no such function')) },
      onHint: () => Promise.reject(new Error('no bell')),
    });

    await createWorkerHandler(deps)({ stop: signal });
    await world.drain();

    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(lines.some((line) => line.includes('could not be woken'))).toBe(true);
    expect(lines.some((line) => line.includes('cannot be heard'))).toBe(true);
  });

  it('outlasts a database that cannot be reached for a while, with nothing sent twice', async () => {
    const world = await open({ simulator: { inventory }, logger: createRecordingLogger().logger });
    const { id } = await world.submit(planOf(names));
    const isDown = (): boolean => {
      const now = world.clock.monotonic();
      return (now > 100 && now < 12_000) || (now > 20_000 && now < 26_000);
    };
    const guard = <Result>(work: () => Promise<Result>): Promise<Result> =>
      isDown() ? Promise.reject(new Error('connection refused')) : work();
    const lanes = {
      claim: (...args: Parameters<typeof world.lanes.claim>) =>
        guard(() => world.lanes.claim(...args)),
      record: (...args: Parameters<typeof world.lanes.record>) =>
        guard(() => world.lanes.record(...args)),
      renew: (...args: Parameters<typeof world.lanes.renew>) =>
        guard(() => world.lanes.renew(...args)),
      tendJob: (...args: Parameters<typeof world.lanes.tendJob>) =>
        guard(() => world.lanes.tendJob(...args)),
      eraseKeys: () => world.lanes.eraseKeys(),
      repair: () => world.lanes.repair(),
    };

    await world.drain(world.worker({ lanes }));

    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(effectiveWrites(world).sort()).toEqual(names);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });
});
