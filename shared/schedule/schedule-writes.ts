import type { ActorCall, GatedRoute } from '../auth/gate.ts';
import type { JobStore } from '../job/job-store.ts';
import { wakeWorker } from '../lane/wake-worker.ts';
import type { WorkerWaker } from '../lane/worker-waker.ts';
import { planContextOf } from '../plan/plan-context.ts';
import { jsonResponse } from '../platform/http/app.ts';
import { readJson } from '../platform/http/body.ts';
import { idempotencyKeyOf } from '../platform/http/idempotency-key.ts';
import { jobBodyOf, jobPath, jobTagOf } from '../progress/job-body.ts';
import { runsAfter } from './cron.ts';
import { type RunScheduleDeps, runSchedule } from './run-schedule.ts';
import { scheduleBodyOf, schedulePath } from './schedule-body.ts';
import { askedName, noSuchSchedule, wantedName } from './schedule-name.ts';
import type { ScheduleReadDeps } from './schedule-reads.ts';
import { parseSchedule } from './schema.ts';
import { storedPlanOf } from './stored-plan.ts';

export interface ScheduleWriteDeps extends ScheduleReadDeps, RunScheduleDeps {
  jobs: JobStore;
  waker: WorkerWaker;
}

/** Writing, deleting and running schedules. */
export function scheduleWrites(deps: ScheduleWriteDeps): readonly GatedRoute[] {
  const path = '/v1/schedules/:name';
  return [
    { method: 'PUT', path, action: 'submit', handle: (call) => putSchedule(deps, call) },
    { method: 'DELETE', path, action: 'submit', handle: (call) => deleteSchedule(deps, call) },
    {
      method: 'POST',
      path: `${path}/run`,
      action: 'submit',
      handle: (call) => postRun(deps, call),
    },
  ];
}

async function putSchedule(
  deps: ScheduleWriteDeps,
  { request, params, actor, logger }: ActorCall,
): Promise<Response> {
  const { schedules, clock, sealer } = deps;
  const name = wantedName(params);
  const { plan, ...settings } = parseSchedule(await readJson(request), planContextOf(deps));
  const stored = storedPlanOf(sealer, name, plan);
  const kind = await schedules.put(
    { ...settings, name, plan: stored, updatedBy: actor.name },
    (moment) => runsAfter(settings, moment, 1)[0] ?? null,
  );
  logger.info('schedule written', { schedule: name, kind });
  const schedule = await schedules.get(name);
  if (schedule === null) throw noSuchSchedule();
  return jsonResponse(scheduleBodyOf(schedule, clock), {
    status: kind === 'created' ? 201 : 200,
    headers: { Location: schedulePath(name) },
  });
}

async function deleteSchedule(
  { schedules }: ScheduleWriteDeps,
  { params, logger }: ActorCall,
): Promise<Response> {
  const name = askedName(params);
  if (!(await schedules.remove(name))) throw noSuchSchedule();
  logger.info('schedule deleted', { schedule: name });
  return new Response(null, { status: 204 });
}

async function postRun(
  deps: ScheduleWriteDeps,
  { request, params, actor, logger }: ActorCall,
): Promise<Response> {
  const idempotencyKey = idempotencyKeyOf(request);
  const name = askedName(params);
  const { kind, job } = await runSchedule(deps, { name, actor: actor.name, idempotencyKey });
  logger.info('schedule run by hand', { schedule: name, jobId: job.id, actor: actor.name, kind });
  await wakeWorker(deps.waker, job.id, logger);
  return jsonResponse(jobBodyOf(job, deps.clock), {
    status: kind === 'submitted' ? 202 : 200,
    headers: { Location: jobPath(job.id), ETag: jobTagOf(job) },
  });
}
