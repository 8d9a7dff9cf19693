import type { GovernedVpnApi } from '../budget/governed-vpn-api.ts';
import type { ChangeRecord } from '../change/record.ts';
import type { FarEndReader } from '../inventory/far-ends.ts';
import type { RegionReader } from '../inventory/region-reader.ts';
import type { ClaimedLane, LaneUpdate, Lease, UpdateOutcome } from '../lane/lane-store.ts';
import type { Tally } from '../metrics/tally.ts';
import type { Clock } from '../platform/clock.ts';
import type { Logger } from '../platform/logger.ts';
import type { Random } from '../platform/random.ts';
import type { Sealer } from '../secret/sealer.ts';
import type { Sink } from '../sink/sink.ts';
import type { JobTracer } from './job-tracer.ts';
import type { LaneLengths } from './lane-lengths.ts';
import type { SettleTimes } from './settle-times.ts';

/** How a worker behaves; from the configuration. */
export interface WorkerSettings {
  /** Most lanes advanced at once. */
  concurrency: number;
  pollIntervalMs: number;
  leaseSeconds: number;
  /** A run ends by itself after this. */
  budgetMs: number;
  /** A run that holds nothing goes on while something is due within this time; otherwise it ends, and the next is woken. */
  idleAfterMs: number;
  /** A change whose outcome is still open so long after its request was sent fails. */
  settleLimitMs: number;
  /** A change that the cloud calls busy for so long, while reads show nothing under way, fails. */
  busyLimitMs: number;
}

/** Has a change restored that was over when it was refuted: by a job of its own, or why by none. Raises `unavailable`. */
export type TakeBack = (
  change: Pick<ChangeRecord, 'id' | 'jobId' | 'vpnConnectionId'>,
) => Promise<{ kind: 'submitted'; jobId: string } | { kind: 'impossible'; reason: string }>;

/** What the steps of a change need. */
export interface StepDeps {
  api: GovernedVpnApi;
  reader: RegionReader;
  farEnds: FarEndReader;
  sealer: Sealer;
  /** The key under which pre-shared keys are digested. */
  digestKey: Buffer;
  clock: Clock;
  /** For keys that are made. */
  random: Random;
  /** Where new values are handed over, by the names that plans use. */
  sinks: ReadonlyMap<string, Sink>;
  logger: Logger;
  /** What is counted for `GET /metrics`. */
  tally: Tally;
  tracer: JobTracer;
  settleTimes: SettleTimes;
  laneLengths: LaneLengths;
  takeBack: TakeBack;
  settings: WorkerSettings;
}

/** A lane while this worker holds it. `deadline` is the worker's own, always before the database's. */
export interface HeldLane extends Omit<ClaimedLane, 'assignment'> {
  /** Since when no change but ours can have ended on the lane; monotonic milliseconds. What was read since is no older. */
  since: number;
  /** Monotonic milliseconds after which nothing may be sent. */
  deadline: number;
  /** The request that this very run stored and has not sent; after a crash nobody can know that. */
  preparedHere: string | null;
}

/** Sends the notice that a lane carries; the lane is then gone or due later. */
export type SendNotice = (lease: Lease) => Promise<void>;

/** A step's result, without the lease that guards its writing. */
export type StepResult = Omit<LaneUpdate, 'laneKey' | 'epoch'>;

/** Writes a step's result under the lane's lease. */
export type Recorder = (update: LaneUpdate) => Promise<UpdateOutcome>;
