import type { ActorCall, GatedRoute } from '../auth/gate.ts';
import { parsePlan } from '../plan/parse-plan.ts';
import { planContextOf } from '../plan/plan-context.ts';
import { AppError } from '../platform/errors.ts';
import { jsonResponse } from '../platform/http/app.ts';
import { readJson } from '../platform/http/body.ts';
import type { PendingPreview } from './preview-body.ts';
import {
  continuePreview,
  type PreviewDeps,
  type PreviewOutcome,
  previewPlan,
} from './preview-plan.ts';

const msPerSecond = 1_000;

/** Previews of plans: reads for whoever asks, but reads of the cloud. */
export function previewRoutes(deps: PreviewDeps): readonly GatedRoute[] {
  const path = '/v1/previews';
  return [
    { method: 'POST', path, action: 'read', handle: (call) => postPreview(deps, call) },
    {
      method: 'GET',
      path: `${path}/:previewId`,
      action: 'read',
      handle: (call) => getPreview(deps, call),
    },
  ];
}

async function postPreview(deps: PreviewDeps, { request, logger }: ActorCall): Promise<Response> {
  const plan = parsePlan(await readJson(request), planContextOf(deps));
  const outcome = await previewPlan(deps, plan);
  logger.info('plan previewed', { kind: outcome.kind });
  return answerOf(outcome);
}

async function getPreview(deps: PreviewDeps, { params }: ActorCall): Promise<Response> {
  const { previewId = '' } = params;
  if (!/^prv_[0-9A-HJKMNP-TV-Z]{26}$/.test(previewId)) {
    throw new AppError('not_found', 'there is no such preview');
  }
  return answerOf(await continuePreview(deps, previewId));
}

function answerOf(outcome: PreviewOutcome): Response {
  if (outcome.kind === 'ready') return jsonResponse(outcome.preview);
  const { id, retryInMs } = outcome;
  const self = `/v1/previews/${id}`;
  const body: PendingPreview = { id, links: { self } };
  const retryAfter = String(Math.max(1, Math.ceil(retryInMs / msPerSecond)));
  return jsonResponse(body, {
    status: 202,
    headers: { Location: self, 'Retry-After': retryAfter },
  });
}
