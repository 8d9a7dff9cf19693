import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import type { ClaimedLane, LaneStore, LaneUpdate } from '../../shared/lane/lane-store.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import { createIds } from '../../shared/platform/id.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import { type RunEnd, runWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';
import { workerSettings } from '../../shared/worker/worker-settings.ts';
import { FakeClock } from './fake-clock.ts';
import { createRecordingLogger } from './recording-logger.ts';

/** A call that is not expected. */
export const unused = (): Promise<never> => Promise.reject(new Error('not used here'));
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

/** What a claim answers. */
export type Claimed = Awaited<ReturnType<LaneStore['claim']>>;

/** A lane on which nothing is to be done. */
export const idleLane: ClaimedLane = {
  laneKey: 'gateway:cn-hangzhou/vpn-1',
  epoch: 1,
  kind: 'gateway',
  regionId: 'cn-hangzhou',
  assignment: null,
  backlog: 0,
};

/** A worker to be run, and what it did. */
export interface Bench {
  deps: WorkerDeps;
  clock: FakeClock;
  hints: number[];
  updates: LaneUpdate[];
  run(stop?: AbortSignal): Promise<RunEnd>;
}

/** A worker over a lane store that answers each claim as told, and keeps its last answer. */
export function aWorker(
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
    deps,
    async run(stop = new AbortController().signal) {
      const ended = runWorker(deps, stop);
      await clock.advance(120_000);
      return ended;
    },
  };
}

/** An answer without lanes. */
export const nothing = (nextDueInMs: number | null) => async (): Promise<Claimed> => ({
  lanes: [],
  nextDueInMs,
});
