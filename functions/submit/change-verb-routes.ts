import { z } from 'zod';
import type { ActorCall, GatedRoute } from '../../shared/auth/gate.ts';
import type { Acknowledgements } from '../../shared/job/acknowledgements.ts';
import { type ChangeVerb, type ChangeVerbs, changeVerbs } from '../../shared/job/change-verbs.ts';
import { causeOfRequest, wakeWorker } from '../../shared/lane/wake-worker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { jsonResponse } from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { parseInput } from '../../shared/platform/http/input.ts';
import { changeBodyOf } from '../../shared/progress/change-body.ts';
import { isId, noSuchChange } from '../../shared/progress/find-job.ts';
import { OrderBody } from './verb-routes.ts';

export interface ChangeVerbDeps {
  changeVerbs: ChangeVerbs;
  acknowledgements: Acknowledgements;
  waker: WorkerWaker;
}

/** Which tunnel's new values the other side has. */
export const AcknowledgeBody = z
  .strictObject({
    tunnelId: z
      .string()
      .max(64)
      .nullable()
      .default(null)
      .describe('Left out: the one that the change waits for now.'),
  })
  .meta({ id: 'Acknowledgement' });

/** Trying a single change once more, leaving one out, and saying that the other side has its new values. */
export function changeVerbRoutes(deps: ChangeVerbDeps): readonly GatedRoute[] {
  const verbs = changeVerbs.map(
    (verb): GatedRoute => ({
      method: 'POST',
      path: `/v1/jobs/:jobId/changes/:changeId/${verb}`,
      action: 'steer',
      handle: (call) => postVerb(deps, verb, call),
    }),
  );
  const acknowledge: GatedRoute = {
    method: 'POST',
    path: '/v1/jobs/:jobId/changes/:changeId/acknowledge',
    action: 'steer',
    handle: (call) => postAcknowledgement(deps, call),
  };
  return [...verbs, acknowledge];
}

async function postAcknowledgement(deps: ChangeVerbDeps, call: ActorCall): Promise<Response> {
  const { actor, request, params, logger } = call;
  const { jobId = '', changeId = '' } = params;
  // Without a body it is of whatever the change waits for.
  const input = request.headers.get('Content-Type') === null ? {} : await readJson(request);
  const { tunnelId } = parseInput(AcknowledgeBody, input, 'the body has faults');
  if (!isId('job', jobId) || !isId('chg', changeId)) throw noSuchChange();
  const of = { jobId, changeId };
  const outcome = await deps.acknowledgements.acknowledge(of, tunnelId, actor.name);
  if (outcome.kind === 'not_found') throw noSuchChange();
  if (outcome.kind === 'conflict') {
    throw new AppError('conflict', `the change cannot be acknowledged: ${outcome.reason}`);
  }
  logger.info('change acknowledged', { ...of, actor: actor.name });
  await wakeWorker(deps.waker, causeOfRequest(call.requestId), logger);
  return jsonResponse(changeBodyOf(outcome.change));
}

async function postVerb(
  deps: ChangeVerbDeps,
  verb: ChangeVerb,
  call: ActorCall,
): Promise<Response> {
  const { actor, request, params, logger } = call;
  const { jobId = '', changeId = '' } = params;
  const { reason } = parseInput(OrderBody, await readJson(request), 'the body has faults');
  if (!isId('job', jobId) || !isId('chg', changeId)) throw noSuchChange();
  const order = { actor: actor.name, reason };
  const outcome = await deps.changeVerbs.order({ jobId, changeId }, verb, order);
  if (outcome.kind === 'not_found') throw noSuchChange();
  if (outcome.kind === 'conflict') {
    throw new AppError('conflict', `the change cannot be ${doneTo[verb]}: ${outcome.reason}`);
  }
  logger.info(`change ${doneTo[verb]}`, { jobId, changeId, actor: actor.name });
  await wakeWorker(deps.waker, causeOfRequest(call.requestId), logger);
  return jsonResponse(changeBodyOf(outcome.change));
}

const doneTo: Readonly<Record<ChangeVerb, string>> = { retry: 'retried', skip: 'skipped' };
