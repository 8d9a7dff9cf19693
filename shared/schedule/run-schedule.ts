import type { JobStore } from '../job/job-store.ts';
import type { JobRecord, NewJob } from '../job/record.ts';
import { newJobOf, type SubmitJobDeps } from '../job/submit-job.ts';
import { type PlanContextDeps, planContextOf } from '../plan/plan-context.ts';
import { keyedDigest } from '../platform/canonical.ts';
import { AppError, unreachable } from '../platform/errors.ts';
import { planOfRun } from './plan-of-run.ts';
import type { ScheduleRecord } from './record.ts';
import { noSuchSchedule } from './schedule-name.ts';
import type { ScheduleStore } from './schedule-store.ts';
import { openedPlanOf } from './stored-plan.ts';

/** What it takes to make a job of a schedule. */
export interface RunScheduleDeps
  extends PlanContextDeps,
    Pick<SubmitJobDeps, 'sealer' | 'digestKey' | 'ids'> {
  schedules: ScheduleStore;
}

/**
 * The job of a run, its submitter whoever last wrote the schedule; `plannedAt` is null when it is run by hand. Raises
 * `invalid_plan` when the stored plan is taken no longer or its window is over, `internal` when its keys do not open.
 */
export async function jobOfRun(
  deps: RunScheduleDeps,
  { name, minAge, updatedBy, plan }: ScheduleRecord,
  plannedAt: string | null,
): Promise<NewJob> {
  const { sealer, ids, digestKey } = deps;
  const context = planContextOf(deps);
  const opened = openedPlanOf(sealer, { name, plan }, context);
  const input = {
    actor: updatedBy,
    plan: planOfRun(opened, { plannedAt, now: context.now }),
    idempotencyKey: null,
    schedule: { name, plannedAt, minAge },
  };
  return newJobOf({ sealer, ids }, input, await digestKey());
}

/**
 * Runs a schedule now, whether or not it is enabled; its planned runs stay as they are. The same actor's same key again
 * finds the same job. Raises `not_found`, `conflict` while a job of it is unfinished and they may not overlap,
 * `idempotency_key_reused`, and what {@link jobOfRun} raises.
 */
export async function runSchedule(
  deps: RunScheduleDeps & { jobs: JobStore },
  { name, ...caller }: { name: string; actor: string; idempotencyKey: string | null },
): Promise<{ kind: 'submitted' | 'repeated'; job: JobRecord }> {
  const schedule = await deps.schedules.get(name);
  if (schedule === null) throw noSuchSchedule();
  const job = await jobOfRun(deps, schedule, null);
  const idempotency = await idempotencyOf(deps, { name, ...caller });
  const run = { name, version: schedule.version, planned: null };
  const outcome = await deps.schedules.run(run, { kind: 'submit', job: { ...job, idempotency } });
  switch (outcome.kind) {
    case 'submitted':
    case 'repeated':
      return { kind: outcome.kind, job: await acceptedJob(deps.jobs, outcome.jobId) };
    case 'skipped':
      throw new AppError(
        'conflict',
        `${outcome.jobId} of this schedule is unfinished; wait for its end, or let jobs overlap by "overlap": "queue"`,
      );
    case 'key_reused':
      throw new AppError(
        'idempotency_key_reused',
        'this Idempotency-Key was used for something else; take a new one',
      );
    case 'lost':
      throw new AppError('conflict', 'the schedule was changed at this very moment; try again');
    case 'failed':
      throw new AppError('internal', 'a run by hand was not submitted');
    default:
      return unreachable(outcome);
  }
}

async function acceptedJob(jobs: JobStore, jobId: string): Promise<JobRecord> {
  const job = await jobs.get(jobId);
  if (job === null) throw new AppError('internal', 'an accepted job cannot be read');
  return job;
}

/**
 * Jobs of a schedule belong to who wrote it, keys to who sends them: a line break, which no caller's key holds, keeps these
 * apart from all others. What is repeated is the run, whatever the plan was meanwhile changed to.
 */
async function idempotencyOf(
  { digestKey }: RunScheduleDeps,
  { name, actor, idempotencyKey }: { name: string; actor: string; idempotencyKey: string | null },
): Promise<NewJob['idempotency']> {
  if (idempotencyKey === null) return null;
  const planHash = keyedDigest(await digestKey(), `run of ${name}`);
  return { key: `${actor}\n${idempotencyKey}`, planHash };
}
