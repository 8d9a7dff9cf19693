import type { Guard } from '../auth/guard.ts';
import type { Route } from '../platform/http/app.ts';
import { exposition, expositionType } from './exposition.ts';
import type { FleetStore } from './fleet-state.ts';

export interface MetricsDeps {
  fleet: FleetStore;
  guard: Guard;
}

/** `GET /metrics`: the numbers of the whole fleet, whichever instance answers. */
export function metricsRoutes({ fleet, guard }: MetricsDeps): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      async handle({ request }) {
        guard(request, 'read');
        const text = exposition(await fleet.read());
        return new Response(text, { headers: { 'Content-Type': expositionType } });
      },
    },
  ];
}
