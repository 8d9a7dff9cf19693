import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import type { JobRecord } from '../../shared/job/record.ts';
import { retryJob } from '../../shared/job/retry-job.ts';
import { rollbackJob } from '../../shared/job/rollback-job.ts';
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

/** Why somebody has a job follow another one. */
export const FollowUpBody = z
  .strictObject({ reason: Reason.optional().describe('Goes into the journal of the new job.') })
  .meta({ id: 'FollowUp' });

export interface FollowUpDeps extends SubmitJobDeps {
  waker: WorkerWaker;
  clock: Clock;
  tracer: Tracer;
}

/** What a new job is to be made for out of an old one. */
interface Asked {
  jobId: string;
  actor: string;
  reason: string | null;
  idempotencyKey: string | null;
  traceparent: string | null;
}

type Submit = (
  deps: FollowUpDeps,
  asked: Asked,
) => Promise<{ kind: 'created' | 'repeated'; job: JobRecord }>;

/** Jobs that are made of others: what did not succeed of one once more, or what did taken back. */
export function followUpRoutes(deps: FollowUpDeps): readonly GatedRoute[] {
  return [
    routeOf(deps, 'retry', retryJob),
    routeOf(deps, 'rollback', (parts, asked) => rollbackJob(parts, { ...asked, changeId: null })),
  ];
}

function routeOf(deps: FollowUpDeps, verb: 'retry' | 'rollback', submit: Submit): GatedRoute {
  return {
    method: 'POST',
    path: `/v1/jobs/:jobId/${verb}`,
    action: 'submit',
    handle: (call) => postFollowUp(deps, call, { verb, submit }),
  };
}

async function postFollowUp(
  deps: FollowUpDeps,
  call: ActorCall,
  { verb, submit }: { verb: string; submit: Submit },
): Promise<Response> {
  const { actor, request, params, logger } = call;
  const { jobId = '' } = params;
  const idempotencyKey = idempotencyKeyOf(request);
  // A body is not asked for; one that is there has to be right.
  const isEmpty = request.headers.get('Content-Type') === null;
  const input = isEmpty ? {} : await readJson(request);
  const { reason = null } = parseInput(FollowUpBody, input, 'the body has faults');
  if (!isId('job', jobId)) throw noSuchJob();
  const parent = request.headers.get('traceparent');
  const { kind, job } = await deps.tracer.inSpan(
    { name: `${verb} job`, kind: 'server', parent },
    ({ traceparent }) =>
      submit(deps, { jobId, actor: actor.name, reason, idempotencyKey, traceparent }),
  );
  logger.info(`${verb} submitted`, { jobId: job.id, of: jobId, total: job.total, kind });
  await wakeWorker(deps.waker, job.id, logger);
  return jsonResponse(jobBodyOf(job, deps.clock), {
    status: kind === 'created' ? 202 : 200,
    headers: { Location: jobPath(job.id), ETag: jobTagOf(job) },
  });
}
