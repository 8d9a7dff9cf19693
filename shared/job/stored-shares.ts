import { z } from 'zod';
import { Rollout } from '../plan/rollout.ts';
import type { RolloutShares } from './record.ts';

/** What a stored plan says of its rollout; those of earlier versions say less. */
const StoredPlan = z.looseObject({ rollout: Rollout.prefault({}) });

/** How much of a stored plan's job may go at once, in counts or percentages: to be counted anew for a job of another size. */
export function storedSharesOf(plan: unknown): RolloutShares {
  const { concurrency, maxErrors, batches } = StoredPlan.parse(plan).rollout;
  return { concurrency, maxErrors, batches };
}
