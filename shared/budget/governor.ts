import type { Clock } from '../platform/clock.ts';
import { createGatherer, type Gatherer } from '../platform/gather.ts';
import type { ApiBudget, BudgetScope } from './api-budget.ts';

/** Grants single calls out of the shared budget. */
export interface Governor {
  /**
   * Waits for one call of the scope, at most `maxWaitMs`. Null when it may be made now; otherwise in how many
   * milliseconds it is worth asking again.
   */
  admit(scope: BudgetScope, maxWaitMs: number): Promise<{ retryInMs: number } | null>;
  /** The cloud throttled a call of the scope. */
  throttled(scope: BudgetScope): Promise<void>;
}

const shortestPauseMs = 1_000;
/** How long calls granted in advance may be kept; the budget's windows have this much slack. */
const keepGrantedMs = 1_000;
/** After a throttling answer the budget is small for so long: what is granted and not used is then missing elsewhere. */
const shortOfCallsMs = 300_000;

interface ScopeState {
  /** Takes a call that was granted before; false when none is left. */
  takeSpare(): boolean;
  /** From now on no more is asked for than is wanted, for a while. */
  beSparing(): void;
  ask: Gatherer<null, { retryInMs: number } | null>;
}

/**
 * A governor over the shared budget. Calls that are wanted at the same time are asked for in one statement.
 * `ahead` calls are taken beyond what is wanted where budgets are so large that asking would cost more than it saves, unless the cloud
 * has throttled lately.
 */
export function createGovernor(deps: {
  budget: ApiBudget;
  clock: Clock;
  ahead: (scope: BudgetScope) => number;
  lingerMs: number;
}): Governor {
  const { budget, clock } = deps;
  const scopes = new Map<string, ScopeState>();

  function stateOf(scope: BudgetScope): ScopeState {
    const key = `${scope.regionId} ${scope.action}`;
    const known = scopes.get(key);
    if (known) return known;
    const state = createScope(scope);
    scopes.set(key, state);
    return state;
  }

  function createScope(scope: BudgetScope): ScopeState {
    let spare = 0;
    let spareUntil = 0;
    let sparingUntil = Number.NEGATIVE_INFINITY;
    const takeSpare = (): boolean => {
      if (spare <= 0 || clock.monotonic() > spareUntil) return false;
      spare -= 1;
      return true;
    };
    const run = async (batch: readonly null[]): Promise<({ retryInMs: number } | null)[]> => {
      if (clock.monotonic() > spareUntil) spare = 0;
      const missing = batch.length - spare;
      let retryInMs = 0;
      if (missing > 0) {
        const ahead = clock.monotonic() < sparingUntil ? 0 : deps.ahead(scope);
        const grant = await budget.take(scope, missing + ahead);
        spare += grant.granted;
        spareUntil = clock.monotonic() + keepGrantedMs;
        retryInMs = grant.retryInMs;
      }
      return batch.map(() => (takeSpare() ? null : { retryInMs }));
    };
    return {
      takeSpare,
      beSparing() {
        sparingUntil = clock.monotonic() + shortOfCallsMs;
      },
      ask: createGatherer({ run, lingerMs: deps.lingerMs, clock, serial: true }),
    };
  }

  return {
    async admit(scope, maxWaitMs) {
      const deadline = clock.monotonic() + maxWaitMs;
      const state = stateOf(scope);
      for (;;) {
        const refusal = state.takeSpare() ? null : await state.ask(null);
        if (refusal === null) return null;
        if (clock.monotonic() + refusal.retryInMs > deadline) return refusal;
        await clock.sleep(refusal.retryInMs);
      }
    },
    throttled(scope) {
      stateOf(scope).beSparing();
      return budget.slowDown(scope, shortestPauseMs);
    },
  };
}
