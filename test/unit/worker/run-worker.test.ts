import { describe, expect, it } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import type { ClaimedLane, LaneStore, LaneUpdate } from '../../../shared/lane/lane-store.ts';
import type { WorkerWaker } from '../../../shared/lane/worker-waker.ts';
import { createIds } from '../../../shared/platform/id.ts';
import { systemRandom } from '../../../shared/platform/random.ts';
import { Secret } from '../../../shared/platform/secret.ts';
import { createSealer } from '../../../shared/secret/sealer.ts';
import { assembleWorker } from '../../../shared/worker/assemble-worker.ts';
import { type RunEnd, runWorker } from '../../../shared/worker/run-worker.ts';
import { workerSettings } from '../../../shared/worker/worker-settings.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const unused = (): Promise<never> => Promise.reject(new Error('not used here'));
const unusedApi: VpnApi = {
  listConnections: unused,
  describeConnection: unused,
  listGateways: unused,
  describeGateway: unused,
  listCustomerGateways: unused,
  connectionLogs: unused,
  diagnose: unused,
  modify: unused,
};

type Claimed = Awaited<ReturnType<LaneStore['claim']>>;

const idleLane: ClaimedLane = {
  laneKey: 'gateway:cn-hangzhou/vpn-1',
  epoch: 1,
  kind: 'gateway',
  regionId: 'cn-hangzhou',
  assignment: null,
  backlog: 0,
};

interface Bench {
  clock: FakeClock;
  hints: number[];
  updates: LaneUpdate[];
  run(stop?: AbortSignal): Promise<RunEnd>;
}

/** A worker over a lane store that answers each claim as told, and keeps its last answer. */
function aWorker(
  answers: readonly ((clock: FakeClock) => Promise<Claimed>)[],
  options: { recordMs?: number; idleAfterMs?: number; noticeMs?: number } = {},
): Bench {
  const clock = new FakeClock();
  const { logger } = createRecordingLogger(clock);
  const bench = { clock, hints: [] as number[], updates: [] as LaneUpdate[] };
  let claims = 0;
  const lanes: LaneStore = {
    async claim() {
      const answer = answers[Math.min(claims, answers.length - 1)];
      claims += 1;
      return answer ? answer(clock) : { lanes: [], nextDueInMs: null };
    },
    async record(updates) {
      await clock.sleep(options.recordMs ?? 0);
      bench.updates.push(...updates);
      return { outcomes: updates.map(() => ({ kind: 'written' })), woke: false };
    },
    renew: () => Promise.resolve([]),
    tendJob: unused,
    eraseKeys: unused,
    repair: unused,
  };
  const waker: WorkerWaker = {
    wake: async ({ delaySeconds }) => {
      bench.hints.push(delaySeconds);
    },
  };
  const deps = assembleWorker({
    jobs: { restorable: unused, accept: unused, acceptedBefore: unused, get: unused },
    lanes,
    resolving: {
      nextInRegion: unused,
      saveSelections: unused,
      saveResolutions: unused,
      finishRegion: unused,
    },
    journal: {
      readEvents: unused,
      readNeighbours: unused,
      getEnded: unused,
      getSealed: unused,
      saveSealed: unused,
    },
    signer: unused,
    budget: { take: unused, slowDown: unused },
    api: unusedApi,
    sealer: createSealer(new Secret(Buffer.alloc(32, 7).toString('base64')), systemRandom),
    digestKey: Buffer.alloc(32),
    clock,
    random: systemRandom,
    sinks: new Map(),
    logger,
    waker,
    ids: createIds(clock, systemRandom),
    worker: 'worker',
    settings: workerSettings({
      pollIntervalMs: 3_000,
      concurrency: 50,
      leaseSeconds: 30,
      budgetSeconds: 60,
      ...(options.idleAfterMs === undefined ? {} : { idleAfterMs: options.idleAfterMs }),
    }),
    limits: { readsPerMinute: 480, writesPerMinute: 100 },
    lingerMs: 0,
    sendNotice: () => clock.sleep(options.noticeMs ?? 0),
  });
  return {
    ...bench,
    async run(stop = new AbortController().signal) {
      const ended = runWorker(deps, stop);
      await clock.advance(120_000);
      return ended;
    },
  };
}

const nothing = (nextDueInMs: number | null) => async (): Promise<Claimed> => ({
  lanes: [],
  nextDueInMs,
});

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
