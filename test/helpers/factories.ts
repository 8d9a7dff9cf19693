import { createHash } from 'node:crypto';
import { nothingHandedOver } from '../../shared/change/handover.ts';
import { type ChangeState, changeStates } from '../../shared/change/state.ts';
import type { ChangeView } from '../../shared/job/job-store.ts';
import type { ChangeCounts, JobRecord } from '../../shared/job/record.ts';
import { jobStates } from '../../shared/job/state.ts';
import { type FleetState, laneConditions } from '../../shared/metrics/fleet-state.ts';
import type { PlanContext } from '../../shared/plan/plan-context.ts';
import type { ApiToken, Role } from '../../shared/platform/config/api-token.ts';

/** Where plans of tests are submitted: no sinks, some day. */
export const planContext: PlanContext = {
  sinks: new Set(),
  now: Date.parse('2026-11-22T09:59:00Z'),
};

/** The input of a plan, as a caller sends it. */
export type PlanInput = Record<string, unknown>;

/** A good plan for `size` connections of one region, or with what the test is about. */
export function aPlan(overrides: PlanInput = {}, size = 2): PlanInput {
  return {
    title: 'stronger algorithms',
    targets: Array.from({ length: size }, (_, index) => aTarget(index)),
    set: { IkeConfig: { IkeEncAlg: 'aes256' } },
    ...overrides,
  };
}

export function aTarget(index: number, overrides: PlanInput = {}): PlanInput {
  return {
    regionId: 'cn-hangzhou',
    vpnConnectionId: `vco-${String(index).padStart(5, '0')}`,
    ...overrides,
  };
}

export function countsOf(some: Partial<Record<ChangeState, number>> = {}): ChangeCounts {
  return { ...noChanges, ...some };
}

const noChanges: ChangeCounts = {
  queued: 0,
  delivering: 0,
  applying: 0,
  settling: 0,
  verifying: 0,
  rolling_back: 0,
  succeeded: 0,
  unchanged: 0,
  failed: 0,
  rolled_back: 0,
  skipped: 0,
  cancelled: 0,
};

export function aJob(overrides: Partial<JobRecord> = {}): JobRecord {
  const counts = overrides.counts ?? countsOf({ queued: 4 });
  return {
    id: 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR',
    position: 1,
    title: 'stronger algorithms',
    state: 'running',
    createdAt: '2026-11-22T09:59:00.000Z',
    createdBy: 'ops',
    startedAt: '2026-11-22T09:59:30.000Z',
    finishedAt: null,
    planDigest: null,
    total: changeStates.reduce((sum, state) => sum + counts[state], 0),
    counts,
    reason: null,
    hold: null,
    scheduleName: null,
    retryOf: null,
    rollbackOf: null,
    ...overrides,
  };
}

export function aChange(overrides: Partial<ChangeView> = {}): ChangeView {
  return {
    id: 'chg_01KAJ0Q2Z5B4T7E9V3X6M8N1PS',
    jobId: 'job_01KAJ0Q2Z5B4T7E9V3X6M8N1PR',
    seq: 0,
    regionId: 'cn-hangzhou',
    vpnConnectionId: 'vco-00000',
    laneKey: 'gateway:cn-hangzhou/vpn-1',
    attachType: 'VPNGW',
    state: 'queued',
    step: null,
    attempts: 0,
    refusals: 0,
    diff: [],
    base: null,
    sealedBaseKeys: {},
    sealedMadeKeys: {},
    sealedPreviousKeys: {},
    handover: nothingHandedOver,
    verdict: null,
    tunnels: [],
    part: null,
    settledAttempts: 0,
    requestDigest: null,
    clientToken: null,
    resultFingerprint: null,
    lastError: null,
    startedAt: null,
    sentAt: null,
    partAppliedAt: null,
    finishedAt: null,
    laneChange: null,
    queue: null,
    laneDueInMs: null,
    pauseReason: null,
    companion: null,
    freeze: null,
    ...overrides,
  };
}

/** The configured form of a bearer token. */
export function anApiToken(name: string, token: string, roles: Role[]): ApiToken {
  return { name, sha256: createHash('sha256').update(token).digest('hex'), roles };
}

/** A zero for each of some states. */
function zeros<State extends string>(states: readonly State[]): Record<State, number> {
  return Object.assign({}, ...states.map((state) => ({ [state]: 0 })));
}

/** The numbers of a fleet in which nothing happens. */
export function aFleetState(overrides: Partial<FleetState> = {}): FleetState {
  return {
    jobs: zeros(jobStates),
    changes: zeros(changeStates),
    lanes: zeros(laneConditions),
    waiting: { total: 0, longest: 0 },
    queueAgeSeconds: 0,
    budgets: [],
    tallies: [],
    ...overrides,
  };
}
