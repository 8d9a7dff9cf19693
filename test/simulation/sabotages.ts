import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import type { LaneStore } from '../../shared/lane/lane-store.ts';
import type { StoreSet } from './store-set.ts';

/** Breaks one guard of the system, to show that a run finds it. */
export interface Sabotage {
  stores?(stores: StoreSet): StoreSet;
  api?(api: VpnApi): VpnApi;
}

/** A database that takes a result whoever brings it: the fence is down. */
export function withoutFence(): Sabotage {
  const latest = new Map<string, number>();
  return {
    stores: (stores) => ({
      ...stores,
      lanes: {
        ...stores.lanes,
        async claim(request) {
          const claimed = await stores.lanes.claim(request);
          for (const { laneKey, epoch } of claimed.lanes)
            latest.set(laneKey, Math.max(epoch, latest.get(laneKey) ?? 0));
          return claimed;
        },
        record: (updates, lease) =>
          stores.lanes.record(
            updates.map((update) => {
              return { ...update, epoch: latest.get(update.laneKey) ?? update.epoch };
            }),
            lease,
          ),
      },
    }),
  };
}

/** A client that makes a new token for each sending of a request. */
export function withFreshTokens(): Sabotage {
  const sendings = new Map<string, number>();
  return {
    api: (api) => ({
      ...api,
      modify(request) {
        const before = sendings.get(request.clientToken) ?? 0;
        sendings.set(request.clientToken, before + 1);
        const again = before === 0 ? '' : `.${before}`;
        return api.modify({ ...request, clientToken: `${request.clientToken}${again}` });
      },
    }),
  };
}

/** A worker that begins a change from the front that somebody else may have sent, instead of reading back. */
export function withoutReadBack(): Sabotage {
  const forgetful =
    (lanes: LaneStore): LaneStore['claim'] =>
    async (request) => {
      const claimed = await lanes.claim(request);
      return {
        ...claimed,
        lanes: claimed.lanes.map((lane) => {
          const step = lane.assignment?.change.step;
          if (!lane.assignment || (step !== 'send' && step !== 'reconcile')) return lane;
          const change = { ...lane.assignment.change, step: 'read' } as const;
          return { ...lane, assignment: { ...lane.assignment, change } };
        }),
      };
    };
  return {
    stores: (stores) => ({
      ...stores,
      lanes: { ...stores.lanes, claim: forgetful(stores.lanes) },
    }),
  };
}
