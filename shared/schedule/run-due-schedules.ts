import { AppError } from '../platform/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { latestRunUpTo, runsAfter } from './cron.ts';
import type { ScheduleRecord } from './record.ts';
import { jobOfRun, type RunScheduleDeps } from './run-schedule.ts';
import type { RunDeed, RunOutcome, ScheduleRun } from './schedule-store.ts';

/** How many planned runs gave a job, were left out, or could not be submitted. */
export interface DueReport {
  submitted: number;
  skipped: number;
  failed: number;
}

const pageSize = 20;
/** Most faults of a plan that the reason of a failed run names. */
const mostNamed = 5;

/**
 * Does every planned run that has come: of each schedule the latest one, however many were missed before it. May be called
 * twice, late or at the same time with itself. Where one schedule meets an unexpected fault the others go on, and the next
 * call tries again. Raises `unavailable` when the database cannot be reached.
 */
export async function runDueSchedules(
  deps: RunScheduleDeps & { logger: Logger },
): Promise<DueReport> {
  const report: DueReport = { submitted: 0, skipped: 0, failed: 0 };
  let after: number | null = null;
  for (;;) {
    const { now, schedules } = await deps.schedules.due({ limit: pageSize, after });
    for (const schedule of schedules) count(report, await tryRun(deps, schedule, now));
    after = schedules.at(-1)?.position ?? null;
    if (schedules.length < pageSize) return report;
  }
}

function count(report: DueReport, outcome: RunOutcome | null): void {
  switch (outcome?.kind) {
    case 'submitted':
    case 'skipped':
    case 'failed':
      report[outcome.kind] += 1;
  }
}

/** Null when it has to be tried again. */
async function tryRun(
  deps: RunScheduleDeps & { logger: Logger },
  schedule: ScheduleRecord,
  now: number,
): Promise<RunOutcome | null> {
  const { name, version, nextRunAt: dueAt } = schedule;
  const logger = deps.logger.child({ schedule: name });
  if (dueAt === null) return null;
  try {
    const planned = plannedRun(schedule, dueAt, now);
    const deed = await deedOf(deps, schedule, planned.plannedAt);
    const outcome = await deps.schedules.run({ name, version, planned }, deed);
    logger.info('planned run', { plannedAt: planned.plannedAt, ...outcome });
    return outcome;
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') throw error;
    logger.error('planned run failed, the next tick tries again', { error });
    return null;
  }
}

/** What was missed is made up once, by the latest planned time that has come. */
function plannedRun(
  schedule: ScheduleRecord,
  dueAt: string,
  now: number,
): NonNullable<ScheduleRun['planned']> {
  const latest = Math.max(Date.parse(dueAt), latestRunUpTo(schedule, now) ?? 0);
  const [next] = runsAfter(schedule, now, 1);
  return {
    dueAt,
    plannedAt: new Date(latest).toISOString(),
    nextRunAt: next === undefined ? null : new Date(next).toISOString(),
  };
}

/** A plan that cannot be submitted any more is reported by its schedule, which goes on: somebody may put it right. */
async function deedOf(
  deps: RunScheduleDeps,
  schedule: ScheduleRecord,
  plannedAt: string,
): Promise<RunDeed> {
  try {
    return { kind: 'submit', job: await jobOfRun(deps, schedule, plannedAt) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'unavailable') throw error;
    return { kind: 'fail', reason: reasonOf(error) };
  }
}

function reasonOf({ message, faults }: AppError): string {
  const named = faults.slice(0, mostNamed).map((fault) => `${fault.path} ${fault.message}`);
  return [message, named.join('; ')].filter((part) => part !== '').join(': ');
}
