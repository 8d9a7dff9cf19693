import { invalidPlan } from '../plan/parse-plan.ts';
import type { Plan, ScheduledPlan } from '../plan/schema.ts';
import { laterBy } from '../platform/duration.ts';

/**
 * The plan of one run: its window begins at the planned time, or now (ms since the epoch) when it is run by hand. Raises
 * `invalid_plan` when it is over, as it may be when the run is made up late.
 */
export function planOfRun(
  { window, ...plan }: ScheduledPlan,
  { plannedAt, now }: { plannedAt: string | null; now: number },
): Plan {
  if (window === undefined) return plan;
  const notAfter = laterBy(plannedAt ?? new Date(now).toISOString(), window.duration);
  if (Date.parse(notAfter) > now) return { ...plan, window: { notAfter } };
  throw invalidPlan([{ path: '/window/duration', message: `was over at ${notAfter}` }]);
}
