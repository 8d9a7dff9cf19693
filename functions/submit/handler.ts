import type { AuditLog } from '../../shared/auth/audit-log.ts';
import { auditRoutes } from '../../shared/auth/audit-routes.ts';
import type { ActorCall, Gate } from '../../shared/auth/gate.ts';
import { type SubmitJobDeps, submitJob } from '../../shared/job/submit-job.ts';
import { wakeWorker } from '../../shared/lane/wake-worker.ts';
import { type MetricsDeps, metricsRoutes } from '../../shared/metrics/metrics-routes.ts';
import type { Tally } from '../../shared/metrics/tally.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import { planContextOf } from '../../shared/plan/plan-context.ts';
import {
  createHttpApp,
  type HttpApp,
  type HttpDeps,
  jsonResponse,
} from '../../shared/platform/http/app.ts';
import { readJson } from '../../shared/platform/http/body.ts';
import { idempotencyKeyOf } from '../../shared/platform/http/idempotency-key.ts';
import type { Tracer } from '../../shared/platform/tracing.ts';
import type { PreviewDeps } from '../../shared/preview/preview-plan.ts';
import { previewRoutes } from '../../shared/preview/preview-routes.ts';
import { jobBodyOf, jobPath, jobTagOf } from '../../shared/progress/job-body.ts';
import { openRoutes, type ReadDeps, readRoutes } from '../../shared/progress/read-routes.ts';
import { scheduleReads } from '../../shared/schedule/schedule-reads.ts';
import { type ScheduleWriteDeps, scheduleWrites } from '../../shared/schedule/schedule-writes.ts';
import { type ApprovalDeps, approvalRoutes } from './approval-routes.ts';
import { type ChangeVerbDeps, changeVerbRoutes } from './change-verb-routes.ts';
import { type FollowUpDeps, followUpRoutes } from './follow-up-routes.ts';
import { type FreezeDeps, freezeRoutes } from './freeze-routes.ts';
import { type VerbDeps, verbRoutes } from './verb-routes.ts';

export interface SubmitDeps
  extends HttpDeps,
    SubmitJobDeps,
    ReadDeps,
    PreviewDeps,
    ScheduleWriteDeps,
    VerbDeps,
    ChangeVerbDeps,
    ApprovalDeps,
    FollowUpDeps,
    FreezeDeps,
    MetricsDeps {
  gate: Gate;
  audit: AuditLog;
  /** What is counted of the calls that previews make. */
  tally: Tally;
  tracer: Tracer;
}

/** The whole API: accepts plans, previews them, keeps schedules, and answers the reads too, so that one address is enough. */
export function createSubmitApp(deps: SubmitDeps): HttpApp {
  const app = createHttpApp(deps, [
    ...deps.gate([
      {
        method: 'POST',
        path: '/v1/jobs',
        action: 'submit',
        handle: (call) => postJob(deps, call),
      },
      ...verbRoutes(deps),
      ...changeVerbRoutes(deps),
      ...approvalRoutes(deps),
      ...followUpRoutes(deps),
      ...freezeRoutes(deps),
      ...previewRoutes(deps),
      ...scheduleWrites(deps),
      ...readRoutes(deps),
      ...scheduleReads(deps),
      ...metricsRoutes(deps),
      ...auditRoutes(deps),
    ]),
    ...openRoutes(deps),
  ]);
  return {
    ...app,
    async fetch(request, edge) {
      const response = await app.fetch(request, edge);
      // Between two requests an instance may be frozen, and for good.
      await Promise.all([deps.tally.flush(), deps.tracer.flush()]);
      return response;
    },
  };
}

async function postJob(deps: SubmitDeps, { request, actor, logger }: ActorCall): Promise<Response> {
  const idempotencyKey = idempotencyKeyOf(request);
  const plan = parsePlan(await readJson(request), planContextOf(deps));
  const parent = request.headers.get('traceparent');
  const { kind, job } = await deps.tracer.inSpan(
    { name: 'submit job', kind: 'server', parent },
    async ({ traceparent, set }) => {
      const submitted = await submitJob(deps, {
        actor: actor.name,
        plan,
        idempotencyKey,
        traceparent,
      });
      set({ 'lanekeeper.job_id': submitted.job.id, 'lanekeeper.kind': submitted.kind });
      return submitted;
    },
  );
  logger.info('job accepted', { jobId: job.id, total: job.total, kind });
  await wakeWorker(deps.waker, job.id, logger);
  return jsonResponse(jobBodyOf(job, deps.clock), {
    status: kind === 'created' ? 202 : 200,
    headers: { Location: jobPath(job.id), ETag: jobTagOf(job) },
  });
}
