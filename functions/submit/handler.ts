import type { Guard } from '../../shared/auth/guard.ts';
import { type SubmitJobDeps, submitJob } from '../../shared/job/submit-job.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import { AppError } from '../../shared/platform/errors.ts';
import {
  type Call,
  createHttpApp,
  type HttpApp,
  type HttpDeps,
  jsonResponse,
} from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { PreviewDeps } from '../../shared/preview/preview-plan.ts';
import { previewRoutes } from '../../shared/preview/preview-routes.ts';
import { jobBodyOf, jobPath, jobTagOf } from '../../shared/progress/job-body.ts';
import { type ReadDeps, readRoutes } from '../../shared/progress/read-routes.ts';

export interface SubmitDeps extends HttpDeps, SubmitJobDeps, ReadDeps, PreviewDeps {
  guard: Guard;
  waker: WorkerWaker;
}

/** The whole API: accepts plans, previews them, and answers the reads too, so that one address is enough. */
export function createSubmitApp(deps: SubmitDeps): HttpApp {
  return createHttpApp(deps, [
    { method: 'POST', path: '/v1/jobs', handle: (call) => postJob(deps, call) },
    ...previewRoutes(deps),
    ...readRoutes(deps),
  ]);
}

async function postJob(deps: SubmitDeps, { request, logger }: Call): Promise<Response> {
  const actor = deps.guard(request, 'submit');
  const idempotencyKey = idempotencyKeyOf(request);
  const plan = parsePlan(await readJson(request));
  const { kind, job } = await submitJob(deps, { actor: actor.name, plan, idempotencyKey });
  logger.info('job accepted', { jobId: job.id, total: job.total, kind });
  await wakeWorker(deps.waker, logger);
  return jsonResponse(jobBodyOf(job, deps.clock), {
    status: kind === 'created' ? 202 : 200,
    headers: { Location: jobPath(job.id), ETag: jobTagOf(job) },
  });
}

/** Raises `invalid_request` for a key that is empty or too long. */
function idempotencyKeyOf(request: Request): string | null {
  const key = request.headers.get('Idempotency-Key');
  if (key === null || /^[^\p{Cc}]{1,128}$/u.test(key)) return key;
  throw new AppError('invalid_request', 'a header has a fault', {
    faults: [{ path: '/headers/Idempotency-Key', message: 'must be 1 to 128 characters' }],
  });
}

/** The job is safe in the store whether or not this reaches the worker: the timer finds it too. */
async function wakeWorker(waker: WorkerWaker, logger: Logger): Promise<void> {
  try {
    await waker.wake({ delaySeconds: 0 });
  } catch (err) {
    logger.warn('worker not woken, the timer will', { err });
  }
}
