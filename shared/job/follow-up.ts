import { keyedDigest } from '../platform/canonical.ts';
import type { NewJob, StoredPlan } from './record.ts';

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
