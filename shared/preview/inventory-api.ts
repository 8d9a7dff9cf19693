import type { ApiBudget } from '../budget/api-budget.ts';
import { governVpnApi } from '../budget/governed-vpn-api.ts';
import { createGovernor } from '../budget/governor.ts';
import type { VpnApi } from '../connection/vpn-api.ts';
import type { Clock } from '../platform/clock.ts';
import type { InventoryApi } from './scan-deps.ts';

/** Previews never use more than a third of the budget: whoever carries changes out always finds the rest. */
export const previewPart = { name: 'previews', share: 1 / 3 };

/** The reads of previews, each under `budget`, which is to be the part of {@link previewPart}. */
export function createInventoryApi(deps: {
  api: VpnApi;
  budget: ApiBudget;
  clock: Clock;
}): InventoryApi {
  const { api, budget, clock } = deps;
  return governVpnApi(api, createGovernor({ budget, clock, ahead: () => 0, lingerMs: 1 }));
}
