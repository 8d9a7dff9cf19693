import { createHttpApp, type HttpApp, type HttpDeps } from '../../shared/platform/http/app.ts';
import { type ReadDeps, readRoutes } from '../../shared/progress/read-routes.ts';

/** The reads alone. */
export function createStatusApp(deps: HttpDeps & ReadDeps): HttpApp {
  return createHttpApp(deps, readRoutes(deps));
}
