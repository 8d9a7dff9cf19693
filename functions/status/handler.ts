import { type MetricsDeps, metricsRoutes } from '../../shared/metrics/metrics-routes.ts';
import { createHttpApp, type HttpApp, type HttpDeps } from '../../shared/platform/http/app.ts';
import { type ReadDeps, readRoutes } from '../../shared/progress/read-routes.ts';
import { type ScheduleReadDeps, scheduleReads } from '../../shared/schedule/schedule-reads.ts';

/** The reads alone. */
export function createStatusApp(
  deps: HttpDeps & ReadDeps & ScheduleReadDeps & MetricsDeps,
): HttpApp {
  return createHttpApp(deps, [...readRoutes(deps), ...scheduleReads(deps), ...metricsRoutes(deps)]);
}
