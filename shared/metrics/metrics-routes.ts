import type { GatedRoute } from '../auth/gate.ts';
import { exposition, expositionType } from './exposition.ts';
import type { FleetStore } from './fleet-state.ts';

export interface MetricsDeps {
  fleet: FleetStore;
}

/** `GET /metrics`: the numbers of the whole fleet, whichever instance answers. */
export function metricsRoutes({ fleet }: MetricsDeps): readonly GatedRoute[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      action: 'read',
      async handle() {
        const text = exposition(await fleet.read());
        return new Response(text, { headers: { 'Content-Type': expositionType } });
      },
    },
  ];
}
