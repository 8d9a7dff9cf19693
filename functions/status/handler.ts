import type { AuditLog } from '../../shared/auth/audit-log.ts';
import { auditRoutes } from '../../shared/auth/audit-routes.ts';
import type { Gate } from '../../shared/auth/gate.ts';
import { type MetricsDeps, metricsRoutes } from '../../shared/metrics/metrics-routes.ts';
import { createHttpApp, type HttpApp, type HttpDeps } from '../../shared/platform/http/app.ts';
import { openRoutes, type ReadDeps, readRoutes } from '../../shared/progress/read-routes.ts';
import { type ScheduleReadDeps, scheduleReads } from '../../shared/schedule/schedule-reads.ts';

/** The reads alone. */
export function createStatusApp(
  deps: HttpDeps & ReadDeps & ScheduleReadDeps & MetricsDeps & { gate: Gate; audit: AuditLog },
): HttpApp {
  return createHttpApp(deps, [
    ...deps.gate([
      ...readRoutes(deps),
      ...scheduleReads(deps),
      ...metricsRoutes(deps),
      ...auditRoutes(deps),
    ]),
    ...openRoutes(deps),
  ]);
}
