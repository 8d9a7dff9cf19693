import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import { type JobVerbs, type Verb, verbs } from '../../shared/job/job-verbs.ts';
import { causeOfRequest, wakeWorker } from '../../shared/lane/wake-worker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { jsonResponse } from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { parseInput, Reason } from '../../shared/platform/http/input.ts';
import { isId, noSuchJob } from '../../shared/progress/find-job.ts';
import { jobBodyOf, jobTagOf } from '../../shared/progress/job-body.ts';

/** Why somebody steers a job. */
export const OrderBody = z
  .strictObject({
    reason: Reason.describe('Goes into the journal and is shown with the job.'),
  })
  .meta({ id: 'Order' });

export interface VerbDeps {
  verbs: JobVerbs;
  waker: WorkerWaker;
  clock: Clock;
}

/** Pausing, resuming and cancelling a job. */
export function verbRoutes(deps: VerbDeps): readonly GatedRoute[] {
  return verbs.map((verb) => ({
    method: 'POST',
    path: `/v1/jobs/:jobId/${verb}`,
    action: 'steer',
    handle: (call) => postVerb(deps, verb, call),
  }));
}

async function postVerb(deps: VerbDeps, verb: Verb, call: ActorCall): Promise<Response> {
  const { actor, request, params, logger } = call;
  const { jobId = '' } = params;
  const { reason } = parseInput(OrderBody, await readJson(request), 'the body has faults');
  if (!isId('job', jobId)) throw noSuchJob();
  const outcome = await deps.verbs.order(jobId, verb, { actor: actor.name, reason });
  if (outcome.kind === 'not_found') throw noSuchJob();
  if (outcome.kind === 'conflict') {
    throw new AppError('conflict', `the job is ${outcome.state} and cannot be ${doneTo[verb]}`);
  }
  logger.info(`job ${doneTo[verb]}`, { jobId, actor: actor.name });
  // Lanes that were free for others, or for this job again, should not wait for the timer.
  if (verb !== 'pause') await wakeWorker(deps.waker, causeOfRequest(call.requestId), logger);
  return jsonResponse(jobBodyOf(outcome.job, deps.clock), {
    headers: { ETag: jobTagOf(outcome.job) },
  });
}

const doneTo: Readonly<Record<Verb, string>> = {
  pause: 'paused',
  resume: 'resumed',
  cancel: 'cancelled',
};
