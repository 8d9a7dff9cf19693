import { z } from 'zod';
import { approveJob, type ConsentDeps, rejectJob } from '../../shared/approval/consent.ts';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import type { Consent } from '../../shared/job/approval.ts';
import type { JobRecord } from '../../shared/job/record.ts';
import { causeOfRequest, wakeWorker } from '../../shared/lane/wake-worker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { jsonResponse } from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { parseInput, Reason } from '../../shared/platform/http/input.ts';
import { isId, noSuchJob } from '../../shared/progress/find-job.ts';
import { jobBodyOf, jobTagOf } from '../../shared/progress/job-body.ts';

/** An approver's word. */
export const ConsentBody = z
  .strictObject({
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be a job's planDigest: 64 hexadecimal digits")
      .describe('The `planDigest` of the job as it was looked at.'),
    reason: Reason.describe('Goes into the journal.'),
  })
  .meta({ id: 'Consent' });

export interface ApprovalDeps extends ConsentDeps {
  waker: WorkerWaker;
}

const msPerSecond = 1_000;

/** Approving and refusing a job. */
export function approvalRoutes(deps: ApprovalDeps): readonly GatedRoute[] {
  const route = (verb: string, handle: GatedRoute['handle']): GatedRoute => {
    return { method: 'POST', path: `/v1/jobs/:jobId/${verb}`, action: 'approve', handle };
  };
  return [
    route('approve', (call) => postApprove(deps, call)),
    route('reject', (call) => postReject(deps, call)),
  ];
}

async function postApprove(deps: ApprovalDeps, call: ActorCall): Promise<Response> {
  const { jobId, consent } = await spokenIn(call);
  try {
    const outcome = await approveJob(deps, jobId, consent);
    call.logger.info('job approved', { jobId, actor: consent.actor, kind: outcome.kind });
    if (outcome.kind === 'done') return await goOn(deps, call, outcome.job);
    const retryAfter = Math.max(1, Math.ceil(outcome.retryInMs / msPerSecond));
    return jsonResponse(jobBodyOf(outcome.job, deps.clock), {
      status: 202,
      headers: { 'Retry-After': String(retryAfter) },
    });
  } catch (error) {
    // A job that is to be resolved anew should not wait for the timer.
    const isMoved = error instanceof AppError && error.code === 'conflict';
    if (isMoved) await wakeWorker(deps.waker, causeOfRequest(call.requestId), call.logger);
    throw error;
  }
}

async function postReject(deps: ApprovalDeps, call: ActorCall): Promise<Response> {
  const { jobId, consent } = await spokenIn(call);
  const job = await rejectJob(deps, jobId, consent);
  call.logger.info('job rejected', { jobId, actor: consent.actor });
  return goOn(deps, call, job);
}

/** Who says what of which job. Raises `invalid_request` and `not_found`. */
async function spokenIn(call: ActorCall): Promise<{ jobId: string; consent: Consent }> {
  const { actor, request, params } = call;
  const { jobId = '' } = params;
  const body = parseInput(ConsentBody, await readJson(request), 'the body has faults');
  if (!isId('job', jobId)) throw noSuchJob();
  return { jobId, consent: { actor: actor.name, ...body } };
}

async function goOn(deps: ApprovalDeps, call: ActorCall, job: JobRecord): Promise<Response> {
  await wakeWorker(deps.waker, causeOfRequest(call.requestId), call.logger);
  return jsonResponse(jobBodyOf(job, deps.clock), { headers: { ETag: jobTagOf(job) } });
}
