import {
  type ApprovalState,
  type ApprovalStore,
  type ApprovalVerb,
  type Consent,
  type ConsentOutcome,
  effectOfConsent,
} from '../../../shared/job/approval.ts';
import { recordOf } from './job-store.ts';
import { wakeIdleLanes } from './queues.ts';
import { foundPlanOf } from './resolve-store.ts';
import { admit, stop } from './rollout.ts';
import type { StoredJob, Tables } from './tables.ts';

const askedAnewMs = 900_000;

/** Approvals in memory. Each call is one step that nobody else comes between. */
export function createMemoryApprovalStore(tables: Tables): ApprovalStore {
  return {
    async get(jobId) {
      const job = tables.jobs.get(jobId);
      return job ? stateOf(job) : null;
    },
    async ask(jobId, { actor, digest }) {
      const job = tables.jobs.get(jobId);
      const now = tables.now();
      const known = job?.approvals.get(actor);
      const isSame = known?.digest === digest;
      const askedAt = isSame && known.askedAt > now - askedAnewMs ? known.askedAt : now;
      job?.approvals.set(actor, { digest, askedAt, givenAt: isSame ? known.givenAt : null });
      return now - askedAt;
    },
    approve: async (jobId, consent) => say(tables, 'approve', jobId, consent),
    reject: async (jobId, consent) => say(tables, 'reject', jobId, consent),
    async foundBy(jobId) {
      const job = tables.jobs.get(jobId);
      return job?.planDigest ? foundPlanOf(tables, job) : null;
    },
    async reopen(jobId, { actor, digest, found }) {
      const job = tables.jobs.get(jobId);
      if (job?.state !== 'awaiting_approval' || job.planDigest !== digest) return;
      Object.assign(job, { state: 'resolving', planDigest: null, approveBy: null });
      job.approvals.clear();
      for (const change of tables.changesOf(jobId)) {
        if (change.record.state !== 'queued') continue;
        const unknown = { laneKey: null, attachType: null, base: null, diff: [], tunnels: [] };
        change.record = { ...change.record, ...unknown };
      }
      tables.journalOnJob(job, 'base_moved', { actor, digest, found });
      for (const region of job.regions) {
        Object.assign(region, { isResolved: false, firstTriedAt: null });
        tables.laneOf(`region:${region.regionId}`, region.regionId).dueAt ??= tables.now();
      }
    },
  };
}

function stateOf({
  state,
  createdBy,
  planDigest,
  approvals,
  rejectedBy,
}: StoredJob): ApprovalState {
  const given = [...approvals].filter(
    ([, { digest, givenAt }]) => digest === planDigest && givenAt !== null,
  );
  return { state, createdBy, planDigest, given: given.map(([actor]) => actor), rejectedBy };
}

function say(tables: Tables, verb: ApprovalVerb, jobId: string, consent: Consent): ConsentOutcome {
  const job = tables.jobs.get(jobId);
  if (job === undefined) return { kind: 'not_found' };
  const effect = effectOfConsent(verb, consent, stateOf(job));
  if (effect.kind === 'own_job' || effect.kind === 'conflict') return effect;
  if (effect.kind === 'apply') {
    const { actor, digest, reason } = consent;
    if (verb === 'approve') {
      const now = tables.now();
      job.approvals.set(actor, { digest, askedAt: now, givenAt: now });
      tables.journalOnJob(job, 'approved', { ...consent });
      admit(tables, job);
    } else {
      job.rejectedBy = actor;
      tables.journalOnJob(job, 'rejected', { ...consent });
      const order = { actor, reason };
      stop(tables, job, { reason: `rejected by ${actor}: ${reason}`, order });
    }
    wakeIdleLanes(tables);
  }
  return { kind: 'done', job: recordOf(tables, job) };
}
