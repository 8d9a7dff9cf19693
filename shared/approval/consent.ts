import type { ApprovalStore, Consent, ConsentOutcome } from '../job/approval.ts';
import { effectOfConsent } from '../job/approval.ts';
import type { JobStore } from '../job/job-store.ts';
import type { JobRecord } from '../job/record.ts';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import type { Ids } from '../platform/id.ts';
import type { InventoryStore } from '../preview/inventory-store.ts';
import type { InventoryApi } from '../preview/scan-deps.ts';
import { compareBase } from './compare-base.ts';

/** What it takes to approve a job. */
export interface ConsentDeps {
  approvals: ApprovalStore;
  jobs: JobStore;
  inventory: InventoryStore;
  /** The VPC API under the part of the budget that previews may use. */
  inventoryApi: InventoryApi;
  digestKey(): Promise<Buffer>;
  ids: Ids;
  clock: Clock;
}

/** An approval that counts, or when to send it again: comparing the base takes longer. */
export type ApproveOutcome =
  | { kind: 'done'; job: JobRecord }
  | { kind: 'pending'; job: JobRecord; retryInMs: number };

/** How long one call compares. */
const patienceMs = 20_000;
/** How old what is known of a region may be when an approval is asked for. */
const inventoryMs = 5_000;

/**
 * What an approval comes to before anything is compared: the job where nothing is to be done, null where {@link approveJob} is to
 * do it. Raises as that, and asks no cloud.
 */
export async function checkApproval(
  deps: Pick<ConsentDeps, 'approvals' | 'jobs'>,
  jobId: string,
  consent: Consent,
): Promise<JobRecord | null> {
  const state = await deps.approvals.get(jobId);
  if (state === null) throw noSuchJob();
  const effect = effectOfConsent('approve', consent, state);
  return effect.kind === 'apply' ? null : spoken(deps, jobId, effect);
}

/**
 * Approves a job. Its base is compared with the cloud first: when it has moved, the job is resolved anew and approvals so far are
 * void. Raises `not_found`, `forbidden` for the submitter, `conflict` for another digest (the present one is the problem's
 * `planDigest`) or a job that waits for no approval, `unavailable` when the cloud or the database cannot be read.
 */
export async function approveJob(
  deps: ConsentDeps,
  jobId: string,
  consent: Consent,
): Promise<ApproveOutcome> {
  const known = await checkApproval(deps, jobId, consent);
  if (known !== null) return { kind: 'done', job: known };
  const found = await deps.approvals.foundBy(jobId);
  if (found === null) throw noSuchJob();
  const { clock, inventory, inventoryApi: api } = deps;
  const now = clock.monotonic();
  const askedAt = now - (await deps.approvals.ask(jobId, consent));
  const scanning = {
    api,
    inventory,
    clock,
    digestKey: await deps.digestKey(),
    holder: deps.ids.preview(),
  };
  const times = { askedAt, deadline: now + patienceMs, inventoryMs };
  const compared = await compareBase(scanning, found, times);
  if (compared.kind === 'later') {
    const { retryInMs } = compared;
    return { kind: 'pending', job: await theJob(deps, jobId), retryInMs };
  }
  if (compared.kind === 'unreadable') {
    const { regionId, error } = compared;
    throw new AppError(
      'unavailable',
      `region ${regionId} cannot be read to compare the base (${error.code}); try again later`,
    );
  }
  const { actor, digest } = consent;
  if (compared.digest !== digest) {
    await deps.approvals.reopen(jobId, { actor, digest, found: compared.digest });
    throw new AppError(
      'conflict',
      'the base has moved since the job was resolved: it is resolved anew, and approvals so far are void',
      { members: { planDigest: compared.digest } },
    );
  }
  const outcome = await deps.approvals.approve(jobId, consent);
  return { kind: 'done', job: await spoken(deps, jobId, outcome) };
}

/** Refuses a job: it ends `cancelled`. Raises as {@link approveJob}, whatever the cloud says. */
export async function rejectJob(
  deps: Pick<ConsentDeps, 'approvals' | 'jobs'>,
  jobId: string,
  consent: Consent,
): Promise<JobRecord> {
  return spoken(deps, jobId, await deps.approvals.reject(jobId, consent));
}

/** The job after somebody's word. */
async function spoken(
  deps: Pick<ConsentDeps, 'jobs'>,
  jobId: string,
  outcome: ConsentOutcome | { kind: 'nothing' },
): Promise<JobRecord> {
  switch (outcome.kind) {
    case 'done':
      return outcome.job;
    case 'nothing':
      return theJob(deps, jobId);
    case 'not_found':
      throw noSuchJob();
    case 'own_job':
      throw new AppError('forbidden', 'who submitted a job is never one of its approvers');
    case 'conflict': {
      const { reason, planDigest } = outcome;
      const members = planDigest === null ? {} : { planDigest };
      throw new AppError('conflict', reason, { members });
    }
  }
}

async function theJob({ jobs }: Pick<ConsentDeps, 'jobs'>, jobId: string): Promise<JobRecord> {
  const job = await jobs.get(jobId);
  if (job === null) throw noSuchJob();
  return job;
}

function noSuchJob(): AppError {
  return new AppError('not_found', 'there is no such job');
}
