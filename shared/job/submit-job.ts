import { intentsOf, planHashOf, shownPlan } from '../plan/intents.ts';
import type { Plan } from '../plan/schema.ts';
import { AppError } from '../platform/errors.ts';
import type { Ids } from '../platform/id.ts';
import { intentKeyContext } from '../secret/seal-context.ts';
import { sealedKeysOf } from '../secret/sealed-keys.ts';
import type { Sealer } from '../secret/sealer.ts';
import type { AcceptOutcome, JobStore } from './job-store.ts';
import { roomySeq } from './plan-order.ts';
import { countedRollout, type JobRecord, type NewJob } from './record.ts';
import { settingsOf, tunnelProofOf } from './settings.ts';

export interface SubmitJobDeps {
  jobs: JobStore;
  sealer: Sealer;
  /** The key under which pre-shared keys are digested. */
  digestKey(): Promise<Buffer>;
  ids: Ids;
}

export interface SubmitJobInput {
  /** The actor's name. */
  actor: string;
  plan: Plan;
  /** 1 to 128 characters; unique for each actor. */
  idempotencyKey: string | null;
  /** The span in which it is submitted, so that what workers do for the job joins its trace. */
  traceparent?: string | null;
}

/** A plan with whose it is, and where it comes from. */
type NewJobInput = SubmitJobInput & { schedule: NewJob['schedule'] };

/**
 * Accepts a plan: stores the job with all its changes, its keys sealed. The same key and plan again find the same job.
 * Raises `idempotency_key_reused` for the same key with another plan, `unavailable` when the database cannot be reached.
 */
export async function submitJob(
  deps: SubmitJobDeps,
  input: SubmitJobInput,
): Promise<{ kind: 'created' | 'repeated'; job: JobRecord }> {
  const digestKey = await deps.digestKey();
  return acceptedJob(
    deps,
    await deps.jobs.accept(newJobOf(deps, { ...input, schedule: null }, digestKey)),
  );
}

/** The job that an acceptance made or found. Raises `idempotency_key_reused`. */
export async function acceptedJob(
  deps: { jobs: Pick<JobStore, 'get'> },
  outcome: AcceptOutcome,
): Promise<{ kind: 'created' | 'repeated'; job: JobRecord }> {
  if (outcome.kind === 'key_reused') {
    throw new AppError(
      'idempotency_key_reused',
      'this Idempotency-Key was used for another plan; take a new one',
    );
  }
  const job = await deps.jobs.get(outcome.jobId);
  if (job === null) throw new AppError('internal', 'an accepted job cannot be read');
  return { kind: outcome.kind, job };
}

/** The job of a plan, ready to be accepted: with ids, its keys sealed for it and digested. */
export function newJobOf(
  { sealer, ids }: Pick<SubmitJobDeps, 'sealer' | 'ids'>,
  { actor, plan, idempotencyKey, schedule, traceparent = null }: NewJobInput,
  digestKey: Buffer,
): NewJob {
  const id = ids.job();
  const { intents, targets, selectors } = intentsOf(plan, digestKey);
  const hasSelectors = selectors.length > 0;
  const { concurrency, maxErrors, batches } = plan.rollout;
  const rollout = { concurrency, maxErrors, batches };
  const counted = countedRollout(rollout, targets.length);
  return {
    id,
    title: plan.title,
    createdBy: actor,
    plan: shownPlan(plan),
    failurePolicy: { onFailure: plan.onFailure, maxErrors: counted.maxErrors },
    maxInFlight: counted.maxInFlight,
    settings: settingsOf(plan, hasSelectors ? null : counted.batches),
    intents: intents.map(({ keys, ...intent }) => ({
      ...intent,
      sealedKeys: sealedKeysOf(sealer, keys, (path) => intentKeyContext(id, intent.number, path)),
      acceptOutage: plan.acceptOutage,
      tunnelProof: tunnelProofOf(plan),
      expected: null,
    })),
    changes: targets.map(({ place, ...target }) => {
      return { id: ids.change(), seq: hasSelectors ? roomySeq(place, 0) : place, ...target };
    }),
    selection: hasSelectors ? { selectors, rollout } : null,
    schedule,
    retryOf: null,
    rollbackOf: null,
    idempotency:
      idempotencyKey === null
        ? null
        : { key: idempotencyKey, planHash: planHashOf(plan, digestKey) },
    traceparent,
  };
}
