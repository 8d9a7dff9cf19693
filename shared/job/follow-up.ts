import { keyedDigest } from '../platform/canonical.ts';
import type { AppError } from '../platform/errors.ts';
import type { JobStore } from './job-store.ts';
import type { JobRecord, NewJob, StoredPlan } from './record.ts';
import { acceptedJob } from './submit-job.ts';

/**
 * The idempotency of a job that is made of another one. Where the caller names no key, asking once more finds the job that he began
 * until that has ended: nobody who presses twice has a fleet changed twice.
 */
export function followUpIdempotency(
  digestKey: Buffer,
  { id, followed }: Pick<StoredPlan, 'id' | 'followed'>,
  { verb, what = id, key }: { verb: 'retry' | 'rollback'; what?: string; key: string | null },
): NewJob['idempotency'] {
  const asked = `${verb} of ${what}`;
  return {
    key: key ?? `${asked}, number ${followed + 1}`,
    planHash: keyedDigest(digestKey, asked),
  };
}

/**
 * The answer to who asks for what is refused by now: the job that he was given when he asked for the first time. Raises the refusal
 * where he was given none, and `idempotency_key_reused`.
 */
export async function answeredBefore(
  deps: { jobs: Pick<JobStore, 'acceptedBefore' | 'get'> },
  asked: Pick<NewJob, 'createdBy' | 'idempotency'>,
  refusal: AppError,
): Promise<{ kind: 'created' | 'repeated'; job: JobRecord }> {
  const before = await deps.jobs.acceptedBefore(asked);
  if (before === null) throw refusal;
  return acceptedJob(deps, before);
}
