import { z } from 'zod';
import { checkScheduledPlan } from '../plan/parse-plan.ts';
import type { PlanContext } from '../plan/plan-context.ts';
import { ScheduledPlan } from '../plan/schema.ts';
import { Duration } from '../platform/duration.ts';
import { AppError, type Fault } from '../platform/errors.ts';
import { faultsOf, plainMessage } from '../platform/http/faults.ts';
import { Cron, TimeZone } from './cron.ts';
import { overlaps } from './outcome.ts';
import { shownKeysIn } from './stored-plan.ts';

const settings = {
  cron: Cron,
  timeZone: TimeZone.default('UTC'),
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether it runs by itself. It can be run by hand all the same.'),
  overlap: z
    .enum(overlaps)
    .default('skip')
    .describe(
      'While a job of this schedule is unfinished: `skip` leaves a run out, `queue` submits it all the same.',
    ),
  minAge: Duration.nullable()
    .default(null)
    .describe(
      'ISO 8601 duration: connections whose pre-shared key was changed since are left, and their changes end `skipped`.',
    ),
};

/** A schedule as it is written. The one source of types, checks and documentation. */
export const ScheduleInput = z
  .strictObject({ ...settings, plan: ScheduledPlan })
  .meta({ id: 'ScheduleInput', description: 'When to submit which plan.' });
export type ScheduleInput = z.infer<typeof ScheduleInput>;

/** Everything but the plan, whose faults have words of their own. */
const Frame = z.strictObject({ ...settings, plan: z.unknown().optional() });

/** Keys that an answer has and a schedule that is written has not. */
const answered: ReadonlySet<string> = new Set([
  'name',
  'createdAt',
  'updatedAt',
  'updatedBy',
  'nextRuns',
  'lastRun',
  'lastJobId',
  'lastJobState',
  'lastJobReason',
  'links',
]);

function unknownKey(key: string): string {
  return answered.has(key) ? 'is only shown; leave it out' : 'is not known here';
}

/**
 * A schedule from parsed JSON. Raises `invalid_request` with every fault by JSON pointer, those of the plan under `/plan`;
 * no fault repeats a value.
 */
export function parseSchedule(input: unknown, context: PlanContext): ScheduleInput {
  const frame = Frame.safeParse(input, { error: plainMessage });
  const plan = planIn(input);
  const checked = plan && checkScheduledPlan(plan.given, context);
  const faults = [
    ...(frame.success ? [] : faultsOf(frame.error, unknownKey)),
    ...under('/plan', checked?.kind === 'faults' ? checked.faults : []),
    ...under('/plan', checked?.kind === 'plan' ? shownKeysIn(plan?.given) : []),
  ];
  if (frame.success && checked?.kind === 'plan' && faults.length === 0) {
    return { ...frame.data, plan: checked.plan };
  }
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  throw new AppError('invalid_request', `the schedule has ${count}`, { faults });
}

/** Null for what is no object, and has that fault already. */
function planIn(input: unknown): { given: unknown } | null {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return null;
  return { given: 'plan' in input ? input.plan : undefined };
}

function under(place: string, faults: readonly Fault[]): readonly Fault[] {
  return faults.map(({ path, message }) => ({ path: `${place}${path}`, message }));
}
