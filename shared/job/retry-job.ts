import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { intentKeyContext } from '../secret/seal-context.ts';
import { openedKeysOf, sealedKeysOf } from '../secret/sealed-keys.ts';
import { answeredBefore, followUpIdempotency } from './follow-up.ts';
import { roomySeq } from './plan-order.ts';
import { countedRollout, type JobRecord, type NewJob, type RetriedJob } from './record.ts';
import { isFinalJob } from './state.ts';
import { storedSharesOf } from './stored-shares.ts';
import { acceptedJob, type SubmitJobDeps } from './submit-job.ts';

export interface RetryJobInput {
  jobId: string;
  actor: string;
  /** Why, for the journal; null when nobody says. */
  reason: string | null;
  /** 1 to 128 characters; unique for each actor. */
  idempotencyKey: string | null;
  traceparent?: string | null;
}

/**
 * Submits what of an ended job did not succeed as a new one with the same wishes and settings, whose submitter is the caller. The
 * same key again finds the same job, and so does asking without one until that job has ended. Raises `not_found`, `conflict` while the job has not ended, when there is nothing to retry or
 * its window is over, and `idempotency_key_reused`.
 */
export async function retryJob(
  deps: SubmitJobDeps & { clock: Clock },
  input: RetryJobInput,
): Promise<{ kind: 'created' | 'repeated'; job: JobRecord }> {
  const retried = await deps.jobs.retryable(input.jobId);
  if (retried === null) throw new AppError('not_found', 'there is no such job');
  const digestKey = await deps.digestKey();
  const { actor: createdBy, idempotencyKey: key } = input;
  const idempotency = followUpIdempotency(digestKey, retried, { verb: 'retry', key });
  const refusal = refusalOf(retried, deps.clock.now());
  if (refusal !== null) return answeredBefore(deps, { createdBy, idempotency }, refusal);
  const job = { ...retryOf(deps, retried, input), idempotency };
  return acceptedJob(deps, await deps.jobs.accept(job));
}

function refusalOf(
  { state, changes, selectors, settings }: RetriedJob,
  now: number,
): AppError | null {
  if (!isFinalJob(state)) {
    return new AppError('conflict', `the job is ${state}; retry it when it has ended`);
  }
  if (changes.length + selectors.length === 0) {
    return new AppError('conflict', 'nothing of the job failed or was cancelled');
  }
  const { notAfter } = settings.window;
  if (notAfter === null || Date.parse(notAfter) > now) return null;
  return new AppError(
    'conflict',
    `the window of the job was over at ${notAfter}; submit what is missing with another window`,
  );
}

/** The new job, its keys sealed for it. */
function retryOf(
  { sealer, ids }: Pick<SubmitJobDeps, 'sealer' | 'ids'>,
  retried: RetriedJob,
  { actor, reason, traceparent = null }: RetryJobInput,
): Omit<NewJob, 'idempotency'> {
  const id = ids.job();
  const { changes, selectors, settings } = retried;
  const shares = storedSharesOf(retried.plan);
  const counted = countedRollout(shares, changes.length);
  const hasSelectors = selectors.length > 0;
  // Selectors keep their places in the plan, which their refusals name; what they share a plan with comes after them.
  const place = Math.max(0, ...selectors.map((selector) => selector.place + 1));
  const bounds = hasSelectors ? null : counted.batches;
  return {
    id,
    title: retried.title,
    createdBy: actor,
    plan: retried.plan,
    failurePolicy: { onFailure: retried.onFailure, maxErrors: counted.maxErrors },
    maxInFlight: counted.maxInFlight,
    settings: { ...settings, rollout: { ...settings.rollout, batches: bounds } },
    intents: retried.intents.map((intent) => {
      const contextIn = (jobId: string) => (path: string) =>
        intentKeyContext(jobId, intent.number, path);
      const keys = openedKeysOf(sealer, intent.sealedKeys, contextIn(retried.id));
      return { ...intent, sealedKeys: sealedKeysOf(sealer, keys, contextIn(id)) };
    }),
    changes: changes.map(({ seq: _, ...change }, rank) => {
      return { ...change, id: ids.change(), seq: hasSelectors ? roomySeq(place, rank) : rank };
    }),
    selection: hasSelectors ? { selectors, rollout: shares } : null,
    schedule: null,
    retryOf: { jobId: retried.id, actor, reason },
    rollbackOf: retried.rollbackOf === null ? null : { jobId: retried.rollbackOf, actor, reason },
    traceparent,
  };
}
