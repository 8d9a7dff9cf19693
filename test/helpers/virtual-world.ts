import { startSimulatorServer } from '../../local/simulator/server.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
  type SimulatorOptions,
} from '../../local/simulator/simulator.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import type { Database, Query } from '../../shared/adapters/postgres/database.ts';
import { createPgTallyStore } from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import type { JobStore } from '../../shared/job/job-store.ts';
import type { JobRecord } from '../../shared/job/record.ts';
import { rollbackJob } from '../../shared/job/rollback-job.ts';
import { submitJob } from '../../shared/job/submit-job.ts';
import type { JournalStore } from '../../shared/journal/journal-store.ts';
import type { LaneStore, ResolveStore } from '../../shared/lane/lane-store.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import type { Plan } from '../../shared/plan/schema.ts';
import { systemClock } from '../../shared/platform/clock.ts';
import { createIds } from '../../shared/platform/id.ts';
import { createLogger, type Logger } from '../../shared/platform/logger.ts';
import { systemRandom } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createInventoryApi, previewPart } from '../../shared/preview/inventory-api.ts';
import type { PreviewDeps } from '../../shared/preview/preview-plan.ts';
import type { RunScheduleDeps } from '../../shared/schedule/run-schedule.ts';
import type { KeyringStore } from '../../shared/secret/keyring-store.ts';
import { createSealer, type Sealer } from '../../shared/secret/sealer.ts';
import { createSignerLoader } from '../../shared/secret/signing-key.ts';
import type { Sink } from '../../shared/sink/sink.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import { runWorker, type WorkerDeps } from '../../shared/worker/run-worker.ts';
import { workerSettings } from '../../shared/worker/worker-settings.ts';
import { useVirtualDatabaseClock } from './databases.ts';
import { openKmsWithDevices } from './devices.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface VirtualWorldOptions {
  database: Database;
  simulator?: Omit<SimulatorOptions, 'clock'>;
  settings?: Partial<Parameters<typeof workerSettings>[0]>;
  limits?: { readsPerMinute: number; writesPerMinute: number };
  logger?: Logger;
  /** Where new values are handed over; `kms`: to the simulated KMS, which the devices of its cloud watch. */
  sinks?: ReadonlyMap<string, Sink> | 'kms';
  /** Stands between the worker and the cloud, to lose or change what passes. */
  wrapApi?: (api: VpnApi) => VpnApi;
}

/**
 * The whole system in one process under one virtual clock: intake, store on a real database, worker, the real client over
 * HTTP, the simulated cloud. `runs` of a worker follow each other until nothing is due any more.
 */
export interface VirtualWorld {
  clock: VirtualClock;
  simulator: Simulator;
  /** The client that workers have. */
  api: VpnApi;
  jobs: JobStore;
  lanes: LaneStore;
  resolving: ResolveStore;
  journal: JournalStore;
  keyring: KeyringStore;
  sealer: Sealer;
  /** What makes jobs of schedules. */
  scheduling: RunScheduleDeps;
  submit(plan: Plan): Promise<JobRecord>;
  /** Submits what takes a job back. */
  rollback(jobId: string): Promise<JobRecord>;
  /** What previews stand on, as another instance of the function would have it. */
  previewer(wrapApi?: (api: VpnApi) => VpnApi): PreviewDeps;
  /** Another worker, as another process would be: it shares nothing with the others but database and cloud. */
  worker(more?: Partial<WorkerDeps>, wrapApi?: (api: VpnApi) => VpnApi): WorkerDeps;
  /** Runs a worker until nothing is due, or until the virtual time is over. Closing ends it too. */
  drain(worker?: WorkerDeps, limitMs?: number): Promise<void>;
  /** Does not wait for workers any more: those that hang never end. */
  forget(): void;
  close(): Promise<void>;
}

/** Retried statements and results pass through; only their time is hidden from the clock. */
function trackedDatabase(clock: VirtualClock, database: Database): Database {
  const query: Query = (text, values) => clock.track(() => database.query(text, values));
  return {
    ...database,
    kind: database.kind,
    query,
    transaction: (work) => clock.track(() => database.transaction(work)),
  };
}

export async function openVirtualWorld(options: VirtualWorldOptions): Promise<VirtualWorld> {
  const clock = new VirtualClock();
  const follow = await useVirtualDatabaseClock(options.database, clock);
  clock.onAdvance(follow);
  const database = trackedDatabase(clock, options.database);
  const simulator = createSimulator({
    ...options.simulator,
    clock: { now: () => clock.now(), sleep: (ms) => clock.sleepTracked(ms) },
    signatureClock: systemClock,
  });
  const server = await startSimulatorServer(simulator);
  const logger = options.logger ?? createLogger({ level: 'error', clock });
  const kms = openKmsWithDevices({ endpoint: server.url, simulator, clock });
  const sinks =
    options.sinks === 'kms' ? new Map([['kms', kms.sink]]) : (options.sinks ?? new Map());
  const sinkNames: ReadonlySet<string> = new Set(sinks.keys());
  const sealer = createSealer(new Secret(Buffer.alloc(32, 7).toString('base64')), systemRandom);
  const digestKey = Buffer.alloc(32, 9);
  const ids = createIds(clock, systemRandom);
  const client = createAliyunVpnApi({
    endpoint: server.url,
    credentials: async () => ({
      accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
      accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
    }),
    clock,
  });
  const tracked = clock.tracking<VpnApi>(client);
  const api = options.wrapApi?.(tracked) ?? tracked;
  const limits = options.limits ?? { readsPerMinute: 480, writesPerMinute: 100 };
  const settings = workerSettings({
    pollIntervalMs: 3_000,
    concurrency: 50,
    leaseSeconds: 30,
    budgetSeconds: 840,
    ...options.settings,
  });
  const jobs = createPgJobStore(database);
  const lanes = createPgLaneStore(database);
  const resolving = createPgResolveStore(database);
  const journal = createPgJournalStore(database);
  const keyring = createPgKeyringStore(database);
  const signer = createSignerLoader({ keyring, sealer, random: systemRandom });
  const worker: VirtualWorld['worker'] = (more = {}, wrapApi = (unwrapped) => unwrapped) => ({
    ...assembleWorker({
      jobs,
      lanes,
      resolving,
      journal,
      signer,
      budget: createPgApiBudget(database, { account: 'default', limits }),
      api: wrapApi(api),
      sealer,
      digestKey,
      clock,
      random: systemRandom,
      sinks,
      logger,
      waker: timerAlone,
      ids,
      worker: ids.worker(),
      settings,
      limits,
      tallies: createPgTallyStore(database),
      lingerMs: 0,
    }),
    ...more,
  });

  const submitting = { jobs, sealer, ids, digestKey: async () => digestKey };
  const closing = new AbortController();
  const drains = new Set<Promise<void>>();

  async function runUntil(deps: WorkerDeps, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const { nextDueInMs } = await runWorker(deps, stop);
      if (nextDueInMs === null) return;
      await clock.sleep(Math.max(0, nextDueInMs), stop);
    }
  }

  async function drain(deps: WorkerDeps = worker(), limitMs = 3_600_000): Promise<void> {
    const stop = new AbortController();
    const end = (): void => stop.abort();
    const limit = new AbortController();
    closing.signal.addEventListener('abort', end, { once: true });
    void clock.sleep(limitMs, limit.signal).then(end);
    const running = runUntil(deps, stop.signal).finally(() => {
      limit.abort();
      closing.signal.removeEventListener('abort', end);
      drains.delete(running);
    });
    drains.add(running);
    return running;
  }

  return {
    clock,
    simulator,
    api,
    jobs,
    lanes,
    resolving,
    journal,
    keyring,
    sealer,
    scheduling: {
      schedules: createPgScheduleStore(database),
      sealer,
      sinkNames,
      ids,
      clock,
      digestKey: async () => digestKey,
    },
    submit: async (plan) =>
      (await submitJob(submitting, { actor: 'tester', plan, idempotencyKey: null })).job,
    rollback: async (jobId) => {
      const asked = { actor: 'tester', reason: 'it was wrong', idempotencyKey: null };
      return (await rollbackJob(submitting, { jobId, changeId: null, ...asked })).job;
    },
    previewer: (wrapApi = (unwrapped) => unwrapped) => ({
      previews: createPgPreviewStore(database),
      inventory: createPgInventoryStore(database),
      inventoryApi: createInventoryApi({
        api: wrapApi(api),
        budget: createPgApiBudget(database, { account: 'default', limits, part: previewPart }),
        clock,
      }),
      limits,
      digestKey: async () => digestKey,
      ids,
      clock,
      sinkNames,
    }),
    worker,
    drain,
    forget: () => drains.clear(),
    async close() {
      closing.abort();
      await Promise.allSettled(drains);
      clock.halt();
      client.close();
      kms.close();
      await server.close();
    },
  };
}
