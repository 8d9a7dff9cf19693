import type { ApiBudget } from '../budget/api-budget.ts';
import { governVpnApi } from '../budget/governed-vpn-api.ts';
import { createGovernor } from '../budget/governor.ts';
import type { VpnApi } from '../connection/vpn-api.ts';
import { createFarEndReader } from '../inventory/far-ends.ts';
import { createRegionReader } from '../inventory/region-reader.ts';
import type { RollbackJobDeps } from '../job/rollback-job.ts';
import type { JournalStore } from '../journal/journal-store.ts';
import type { LaneStore, ResolveStore } from '../lane/lane-store.ts';
import type { WorkerWaker } from '../lane/worker-waker.ts';
import { countCalls } from '../metrics/counted-vpn-api.ts';
import { createTally, noTally, type TallyStore } from '../metrics/tally.ts';
import type { Clock } from '../platform/clock.ts';
import type { Ids } from '../platform/id.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import { noTracer, type Tracer } from '../platform/tracing.ts';
import type { Sealer } from '../secret/sealer.ts';
import type { Signer } from '../secret/signing-key.ts';
import type { Sink } from '../sink/sink.ts';
import { createJobTracer, type JobTraces, noJobTracer, traceCalls } from './job-tracer.ts';
import { createLaneLengths } from './lane-lengths.ts';
import type { WorkerDeps } from './run-worker.ts';
import { createSettleTimes } from './settle-times.ts';
import { createTakeBack } from './take-back.ts';
import type { SendNotice, WorkerSettings } from './worker-deps.ts';

/** The ports and settings of a worker, as an entry point wires them. */
export interface WorkerParts {
  jobs: RollbackJobDeps['jobs'];
  lanes: LaneStore;
  resolving: ResolveStore;
  journal: JournalStore;
  signer: () => Promise<Signer>;
  budget: ApiBudget;
  api: VpnApi;
  sealer: Sealer;
  digestKey: Buffer;
  clock: Clock;
  random: Random;
  sinks: ReadonlyMap<string, Sink>;
  logger: Logger;
  waker: WorkerWaker;
  ids: Ids;
  worker: string;
  settings: WorkerSettings;
  limits: { readsPerMinute: number; writesPerMinute: number };
  /** How long database statements and looks gather; longer where statements block the process (embedded). */
  lingerMs: number;
  /** Where numbers for `GET /metrics` go; absent where nobody reads them. */
  tallies?: TallyStore;
  /** Who records spans, and where the traces of jobs began; absent where nobody does. */
  tracing?: { tracer: Tracer; traces: JobTraces };
  onHint?: (signal: AbortSignal) => Promise<void>;
  /** Absent where nobody is notified and no room has a job's card. */
  sendNotice?: SendNotice;
}

/** Budgets beyond this many calls a minute are taken in advance, so that asking does not cost more than it saves. */
const askEachTimeBelow = 6_000;

/** A worker out of its parts. What it learns (settle times, sizes) lives as long as the result: build it once a process. */
export function assembleWorker(parts: WorkerParts): WorkerDeps {
  const { clock, limits, lingerMs, settings, budget, tallies, tracing, jobs: _, ...rest } = parts;
  const tally = tallies ? createTally({ store: tallies, logger: parts.logger }) : noTally;
  const tracer = tracing?.tracer ?? noTracer;
  const governor = createGovernor({
    budget,
    clock,
    lingerMs: 1,
    ahead: ({ action }) => {
      const perMinute = action.startsWith('Modify')
        ? limits.writesPerMinute
        : limits.readsPerMinute;
      return perMinute < askEachTimeBelow ? 0 : Math.floor(perMinute / 600);
    },
  });
  const api = governVpnApi(traceCalls(countCalls(parts.api, tally), tracer), governor);
  return {
    ...rest,
    api,
    clock,
    lingerMs,
    tally,
    tracer: tracing && tracer.isRecording ? createJobTracer(tracing) : noJobTracer,
    settings,
    farEnds: createFarEndReader({ api }),
    reader: createRegionReader({ api, clock, lingerMs: Math.max(2, lingerMs) }),
    settleTimes: createSettleTimes(settings.pollIntervalMs),
    laneLengths: createLaneLengths(clock),
    takeBack: createTakeBack({ ...parts, digestKey: async () => parts.digestKey }),
  };
}
