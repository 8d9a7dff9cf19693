import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import { retryJob } from '../../shared/job/retry-job.ts';
import type { SubmitJobDeps } from '../../shared/job/submit-job.ts';
import { wakeWorker } from '../../shared/lane/wake-worker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { jsonResponse } from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { idempotencyKeyOf } from '../../shared/platform/http/idempotency-key.ts';
import { parseInput, Reason } from '../../shared/platform/http/input.ts';
import type { Tracer } from '../../shared/platform/tracing.ts';
import { isId, noSuchJob } from '../../shared/progress/find-job.ts';
import { jobBodyOf, jobPath, jobTagOf } from '../../shared/progress/job-body.ts';

/** Why somebody retries a job. */
export const RetryBody = z
  .strictObject({ reason: Reason.optional().describe('Goes into the journal of the new job.') })
  .meta({ id: 'Retry' });

export interface RetryDeps extends SubmitJobDeps {
  waker: WorkerWaker;
  clock: Clock;
  tracer: Tracer;
}

/** Submitting once more what of a job did not succeed. */
export function retryRoutes(deps: RetryDeps): readonly GatedRoute[] {
  return [
    {
      method: 'POST',
      path: '/v1/jobs/:jobId/retry',
      action: 'submit',
      handle: (call) => postRetry(deps, call),
    },
  ];
}

async function postRetry(deps: RetryDeps, call: ActorCall): Promise<Response> {
  const { actor, request, params, logger } = call;
  const { jobId = '' } = params;
  const idempotencyKey = idempotencyKeyOf(request);
  // A body is not asked for; one that is there has to be right.
  const isEmpty = request.headers.get('Content-Type') === null;
  const input = isEmpty ? {} : await readJson(request);
  const { reason = null } = parseInput(RetryBody, input, 'the body has faults');
  if (!isId('job', jobId)) throw noSuchJob();
  const parent = request.headers.get('traceparent');
  const { kind, job } = await deps.tracer.inSpan(
    { name: 'retry job', kind: 'server', parent },
    ({ traceparent }) =>
      retryJob(deps, { jobId, actor: actor.name, reason, idempotencyKey, traceparent }),
  );
  logger.info('job retried', { jobId: job.id, retryOf: jobId, total: job.total, kind });
  await wakeWorker(deps.waker, job.id, logger);
  return jsonResponse(jobBodyOf(job, deps.clock), {
    status: kind === 'created' ? 202 : 200,
    headers: { Location: jobPath(job.id), ETag: jobTagOf(job) },
  });
}
