import { tick } from '../../functions/scheduler/handler.ts';
import { createWorkerHandler } from '../../functions/worker/handler.ts';
import { roll } from '../../local/simulator/random.ts';
import type { Simulator } from '../../local/simulator/simulator.ts';
import { submitJob } from '../../shared/job/submit-job.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { LogFields, Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import type { ScheduleStore } from '../../shared/schedule/schedule-store.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { createSignerLoader } from '../../shared/secret/signing-key.ts';
import { assembleWorker } from '../../shared/worker/assemble-worker.ts';
import { workerSettings } from '../../shared/worker/worker-settings.ts';
import { fateOf } from './fates.ts';
import { sinkName } from './rotating-worlds.ts';
import type { Sabotage } from './sabotages.ts';
import type { Actor, Stage } from './stage.ts';
import { stagedCloud } from './staged-cloud.ts';
import { type Devices, stagedSink } from './staged-sink.ts';
import { stagedStores } from './staged-stores.ts';
import type { StoreSet } from './store-set.ts';
import type { Submission, WorldPlan } from './worlds.ts';

/** What invocations of functions are made of. */
export interface ProcessParts {
  stage: Stage;
  world: WorldPlan;
  simulator: Simulator;
  /** The stores as a new process has them. */
  openStores(): StoreSet;
  sabotage: Sabotage;
  /** Carries requests whose senders may be gone. */
  network: Actor;
  /** Invokes a worker after so long. */
  wakeWorker(afterMs: number): void;
  /** What takes keys for the other side. */
  devices: Devices;
  /** A write arrives at the cloud. */
  onWrite(texts: Readonly<Record<string, string>>): void;
  /** A write with this token arrived after its sender had given it up. */
  onStraggler(clientToken: string): void;
  /** Something was thrown or logged as an error that no run should meet. */
  surprise(what: string): void;
}

const secretsKey = new Secret(Buffer.alloc(32, 7).toString('base64'));
const lateWakeMs = 15_000;

/** What an invocation has of its own, on its own process. */
function invocation(parts: ProcessParts, kind: string) {
  const { stage, world } = parts;
  const leaseMs = world.leaseSeconds * 1_000;
  const actor = stage.actor(stage.nameFor(kind));
  const random = randomOf(actor);
  const staged = stagedStores(parts.openStores(), actor, leaseMs);
  return {
    actor,
    leaseMs,
    random,
    stores: parts.sabotage.stores?.(staged) ?? staged,
    sealer: createSealer(secretsKey, random),
    ids: createIds(actor.clock, random),
    logger: loggerOf(actor, parts),
    waker: wakerOf(parts, actor, leaseMs),
  };
}

/** Submits a plan. The job's id when it is heard of; null when the invocation failed, and nothing when it died. */
export async function invokeSubmit(
  parts: ProcessParts,
  { plan, key }: Submission,
): Promise<string | null> {
  const { actor, stores, sealer, random, ids, waker } = invocation(parts, 'submit');
  const digestKey = (): Promise<Buffer> =>
    loadDigestKey({ keyring: stores.keyring, sealer, random });
  const deps = { jobs: stores.jobs, sealer, ids, digestKey };
  try {
    const { job } = await submitJob(deps, { actor: 'tester', plan, idempotencyKey: key });
    await waker.wake({ delaySeconds: 0, cause: job.id }).catch(() => undefined);
    return job.id;
  } catch (error) {
    notExpected(parts, actor, error);
    return null;
  }
}

/** Nobody writes schedules here. */
const noSchedules: ScheduleStore = {
  put: () => Promise.reject(new Error('there are no schedules')),
  get: async () => null,
  list: async () => [],
  remove: async () => false,
  due: async () => ({ now: 0, schedules: [] }),
  run: () => Promise.reject(new Error('there are no schedules')),
};

export function invokeTick(parts: ProcessParts): void {
  const { actor, stores, sealer, random, ids, waker, logger } = invocation(parts, 'tick');
  const digestKey = (): Promise<Buffer> =>
    loadDigestKey({ keyring: stores.keyring, sealer, random });
  const clock = actor.clock;
  const sinkNames: ReadonlySet<string> = new Set();
  const deps = {
    lanes: stores.lanes,
    schedules: noSchedules,
    sealer,
    ids,
    digestKey,
    clock,
    sinkNames,
  };
  tick({ ...deps, waker, logger }, actor.name).catch((error: unknown) =>
    notExpected(parts, actor, error),
  );
}

/** A worker's run; its process is gone when that ends. */
export function invokeWorker(parts: ProcessParts): Actor {
  const { actor, stores, sealer, random, ids, waker, logger, leaseMs } = invocation(
    parts,
    'worker',
  );
  const { world, simulator, network, sabotage } = parts;
  const { devices, onStraggler, onWrite } = parts;
  const cloud = stagedCloud(simulator, { actor, network, leaseMs, onStraggler, onWrite });
  const sink = stagedSink(devices, actor, leaseMs);
  const run = async (): Promise<void> => {
    const { keyring } = stores;
    const digestKey = await loadDigestKey({ keyring, sealer, random });
    const deps = assembleWorker({
      jobs: stores.jobs,
      lanes: stores.lanes,
      resolving: stores.resolving,
      journal: stores.journal,
      signer: createSignerLoader({ keyring, sealer, random }),
      budget: stores.budget({ account: 'default', limits: world.limits }),
      api: sabotage.api?.(cloud) ?? cloud,
      sealer,
      digestKey,
      clock: actor.clock,
      random,
      sinks: new Map([[sinkName, sink]]),
      logger,
      waker,
      ids,
      worker: actor.name,
      settings: workerSettings(world),
      limits: world.limits,
      lingerMs: 0,
    });
    await createWorkerHandler(deps)({ stop: new AbortController().signal });
  };
  run()
    .catch((error: unknown) => notExpected(parts, actor, error))
    .finally(() => actor.end());
  return actor;
}

/** Stores that are away are part of the play, everything else that gets through to here is not. */
function notExpected({ surprise }: ProcessParts, actor: Actor, error: unknown): void {
  if (error instanceof AppError && error.code === 'unavailable') return;
  surprise(`${actor.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
}

function wakerOf({ stage, wakeWorker }: ProcessParts, actor: Actor, leaseMs: number): WorkerWaker {
  return {
    wake({ delaySeconds }) {
      const moment = actor.moment('waker.wake');
      const fate = fateOf(actor, moment, { leaseMs, isCrucial: false });
      const trouble = stage.choices.strike(`${moment} hint`, [
        ['fails', 0.05],
        ['is lost', 0.05],
        ['is doubled', 0.1],
        ['comes late', 0.1],
      ]);
      return actor.call(moment, { fate }, async () => {
        if (trouble === 'fails') throw new AppError('unavailable', 'no worker could be woken');
        if (trouble === 'is lost') return;
        const afterMs = delaySeconds * 1_000 + (trouble === 'comes late' ? lateWakeMs : 0);
        wakeWorker(afterMs);
        if (trouble === 'is doubled') wakeWorker(afterMs);
      });
    },
  };
}

/** Randomness of a process: the same in every run of a seed that starts this process. */
function randomOf({ name, stage }: Actor): Random {
  let drawn = 0;
  const fraction = (): number => {
    drawn += 1;
    return roll(stage.choices.seed, 'random of', name, drawn);
  };
  return {
    fraction,
    bytes: (size) => Buffer.from(Array.from({ length: size }, () => Math.floor(fraction() * 256))),
  };
}

/** Errors are no part of the play, unless they tell of a store that is away. */
function loggerOf(actor: Actor, parts: ProcessParts): Logger {
  const ignore = (): void => undefined;
  const logger: Logger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error(message: string, fields: LogFields = {}) {
      if (fields.error instanceof AppError && fields.error.code === 'unavailable') return;
      parts.surprise(`${actor.name} logged: ${message} ${JSON.stringify(fields)}`);
      if (fields.error instanceof Error) parts.surprise(`${fields.error.stack}`);
    },
    child: () => logger,
  };
  return logger;
}
