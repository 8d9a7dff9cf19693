import type { VpnAction } from '../connection/vpn-api.ts';

/** What a call counts against. The cloud counts by account, region and action. */
export interface BudgetScope {
  regionId: string;
  action: VpnAction;
}

/** The API budget that all workers share. */
export interface ApiBudget {
  /** Takes up to `wanted` calls of the scope now; `retryInMs` says when more can be had, when fewer were granted. */
  take(scope: BudgetScope, wanted: number): Promise<{ granted: number; retryInMs: number }>;
  /** The cloud answered with throttling: nothing for `pauseMs`, then less, for everybody. */
  slowDown(scope: BudgetScope, pauseMs: number): Promise<void>;
}
