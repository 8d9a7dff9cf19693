import type { ActionName } from './actions/table.ts';
import { WindowCounter } from './window-counter.ts';

/** Calls per region and action within any 60 s (help page "VPN API quotas"); `Infinity` lifts a limit. */
export interface QuotaOptions {
  /** Default 600. */
  readonly reads?: number;
  /** Default 120. */
  readonly writes?: number;
  readonly byAction?: { readonly [Name in ActionName]?: number };
}

/** Admits calls up to the quota; refused ones do not count against it (assumption). */
export interface Quotas {
  admits(regionId: string, action: ActionName, access: 'read' | 'write', now: number): boolean;
}

export function createQuotas(options: QuotaOptions): Quotas {
  const windows = new Map<string, WindowCounter>();
  return {
    admits(regionId, action, access, now) {
      const general = access === 'read' ? (options.reads ?? 600) : (options.writes ?? 120);
      const limit = options.byAction?.[action] ?? general;
      if (limit === Number.POSITIVE_INFINITY) return true;
      const key = `${regionId}/${action}`;
      let window = windows.get(key);
      if (!window) {
        window = new WindowCounter(60_000);
        windows.set(key, window);
      }
      if (window.count(now) >= limit) return false;
      window.add(now);
      return true;
    },
  };
}
