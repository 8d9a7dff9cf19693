import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import { type JobVerbs, type Verb, verbs } from '../../shared/job/job-verbs.ts';
import { causeOfRequest, wakeWorker } from '../../shared/lane/wake-worker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { jsonResponse } from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { faultsOf, plainMessage } from '../../shared/platform/http/faults.ts';
import { isId } from '../../shared/progress/find-job.ts';
import { jobBodyOf, jobTagOf } from '../../shared/progress/job-body.ts';

/** Why somebody steers a job. */
export const OrderBody = z
  .strictObject({
    reason: z
      .string()
      .regex(/^[^\p{Cc}]{1,500}$/u, 'must be 1 to 500 characters without line breaks')
      .describe('Goes into the journal and is shown with the job.'),
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
  const { reason } = orderOf(await readJson(request));
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

/** Raises `invalid_request` with every fault of the body. */
function orderOf(body: unknown): z.infer<typeof OrderBody> {
  const parsed = OrderBody.safeParse(body, { error: plainMessage });
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_request', 'the body has faults', { faults: faultsOf(parsed.error) });
}

function noSuchJob(): AppError {
  return new AppError('not_found', 'there is no such job');
}
