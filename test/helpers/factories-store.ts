import { progressOf } from '../../shared/change/progress-of.ts';
import type { ChangeError, ChangeProgress, ChangeRecord } from '../../shared/change/record.ts';
import type { ChangeState } from '../../shared/change/state.ts';
import type { RedundancyMember } from '../../shared/connection/redundancy.ts';
import type { NewJob, StoredIntent } from '../../shared/job/record.ts';
import type { JobSettings } from '../../shared/job/settings.ts';
import type { Resolution, UnresolvedChange } from '../../shared/lane/lane-store.ts';
import { usualHandover } from '../../shared/plan/handover.ts';

/** A target in short: `name@lane` in the region of `cn-hangzhou`, or `region/name@lane`. */
export type ShortTarget = string;

const aRegion = 'cn-hangzhou';

/** `gateway:<region>/<lane>` of a short target. */
export function laneOf(target: ShortTarget): string {
  const { regionId, lane } = parseTarget(target);
  return `gateway:${regionId}/${lane}`;
}

function parseTarget(target: ShortTarget): { regionId: string; name: string; lane: string } {
  const [, regionId = aRegion, name = '', lane = ''] =
    /^(?:([^/]+)\/)?([^@]+)@(.+)$/.exec(target) ?? [];
  return { regionId, name, lane };
}

/** What a plan that says nothing of it asks for. */
export const someSettings: JobSettings = {
  handover: usualHandover,
  verifyTimeoutSeconds: 300,
  rollout: { batches: null, batchPause: 'none', slowStart: false, redundancy: 'none' },
  window: { notBefore: null, notAfter: null },
  approvalsRequired: 0,
};

/** A wish for nothing, or for what the test is about. */
export function anIntent(overrides: Partial<StoredIntent> = {}): StoredIntent {
  return {
    number: 0,
    fields: {},
    sealedKeys: {},
    keyDigests: {},
    rotatePsk: null,
    acceptOutage: false,
    tunnelProof: 'none',
    expected: null,
    ...overrides,
  };
}

/** A job as the submitter stores it, with a change for each target. Ids count up from the job's `id`. */
export function aNewJob(
  targets: readonly ShortTarget[],
  overrides: Partial<NewJob> & { id: string },
): NewJob {
  return {
    title: 'stronger algorithms',
    createdBy: 'ops',
    plan: { title: 'stronger algorithms' },
    failurePolicy: { onFailure: 'stop', maxErrors: 0 },
    maxInFlight: 10,
    settings: someSettings,
    intents: [
      anIntent({
        fields: { 'IkeConfig.IkeEncAlg': 'aes256', EnableDpd: true, 'IkeConfig.IkeLifetime': 3600 },
      }),
    ],
    changes: targets.map((target, index) => {
      const { regionId, name } = parseTarget(target);
      const id = changeIdOf(overrides.id, index);
      return { id, seq: index, regionId, vpnConnectionId: name, intentNumber: 0 };
    }),
    selection: null,
    schedule: null,
    retryOf: null,
    rollbackOf: null,
    idempotency: null,
    traceparent: null,
    ...overrides,
  };
}

/** The id that {@link aNewJob} gives to the change at this place of the plan. */
export function changeIdOf(jobId: string, seq: number): string {
  return `${jobId.replace('job', 'chg')}.${String(seq).padStart(5, '0')}`;
}

/** Where a connection leads to that nothing backs up. */
const leadsNowhere: RedundancyMember = { customerAddresses: [], network: null, remoteSubnets: [] };

/** What resolving found for a change. */
export function found(change: Pick<UnresolvedChange, 'id'>, laneKey: string): Resolution {
  return {
    kind: 'found',
    id: change.id,
    laneKey,
    attachType: 'VPNGW',
    base: { 'IkeConfig.IkeEncAlg': 'aes', EnableDpd: false, 'IkeConfig.IkeLifetime': 86_400 },
    tunnels: [],
    diff: [{ path: 'IkeConfig.IkeEncAlg', from: 'aes', to: 'aes256' }],
    leadsTo: leadsNowhere,
    warnings: [],
  };
}

export const notFound: ChangeError = {
  code: 'NotFound',
  class: 'not_found',
  message: 'there is no such connection',
  requestId: null,
};

export function refused(change: Pick<UnresolvedChange, 'id'>): Resolution {
  return { kind: 'refused', id: change.id, error: notFound };
}

/** The part of a change that a step writes, with what the step changed. */
export function progress(
  change: ChangeRecord,
  state: ChangeState,
  patch: Partial<ChangeProgress> = {},
): ChangeProgress & { id: string; jobId: string } {
  return { ...progressOf(change), state, ...patch };
}
