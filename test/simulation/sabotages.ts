import type { VpnConnection } from '../../shared/connection/model.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import type { Assignment, LaneStore } from '../../shared/lane/lane-store.ts';
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
  return onClaim(({ change, ...others }) => {
    const isOpen = change.step === 'send' || change.step === 'reconcile';
    return { ...others, change: isOpen ? { ...change, step: 'read' } : change };
  });
}

/** A worker that takes every plan to bear interruptions and to ask for no proof. */
export function withoutProof(): Sabotage {
  return onClaim(({ intent, ...others }) => {
    return { ...others, intent: { ...intent, tunnelProof: 'none', acceptOutage: true } };
  });
}

/** A worker that knows of no sink. */
export function withoutDelivery(): Sabotage {
  return onClaim(({ terms, ...others }) => {
    return { ...others, terms: { ...terms, deliverTo: [], requireAcknowledgement: false } };
  });
}

/** A worker to which what it goes on with looks otherwise than it is stored. */
function onClaim(distort: (assignment: Assignment) => Assignment): Sabotage {
  const claim =
    (lanes: LaneStore): LaneStore['claim'] =>
    async (request) => {
      const claimed = await lanes.claim(request);
      return {
        ...claimed,
        lanes: claimed.lanes.map(({ assignment, ...lane }) => {
          return { ...lane, assignment: assignment && distort(assignment) };
        }),
      };
    };
  const record =
    (lanes: LaneStore): LaneStore['record'] =>
    async (updates, lease) => {
      const recorded = await lanes.record(updates, lease);
      const outcomes = recorded.outcomes.map((outcome) =>
        outcome.kind === 'next' ? { ...outcome, assignment: distort(outcome.assignment) } : outcome,
      );
      return { ...recorded, outcomes };
    };
  return {
    stores: (stores) => ({
      ...stores,
      lanes: { ...stores.lanes, claim: claim(stores.lanes), record: record(stores.lanes) },
    }),
  };
}

/** A client to which every tunnel is up and has just negotiated. */
export function withRosyView(): Sabotage {
  const rosy = (connection: VpnConnection): VpnConnection => ({
    ...connection,
    tunnels: connection.tunnels.map((tunnel) => ({ ...tunnel, negotiation: established })),
  });
  return {
    api: (api) => ({
      ...api,
      async listConnections(query) {
        const outcome = await api.listConnections(query);
        if (outcome.kind !== 'ok') return outcome;
        return { ...outcome, value: { ...outcome.value, items: outcome.value.items.map(rosy) } };
      },
      async describeConnection(ref) {
        const outcome = await api.describeConnection(ref);
        return outcome.kind === 'ok' && outcome.value
          ? { ...outcome, value: rosy(outcome.value) }
          : outcome;
      },
      async connectionLogs(query) {
        const outcome = await api.connectionLogs(query);
        if (outcome.kind !== 'ok') return outcome;
        const { answeredAt: now } = outcome.value;
        return {
          ...outcome,
          value: { ...outcome.value, ikeEstablishedAt: now, ipsecEstablishedAt: now },
        };
      },
    }),
  };
}

const established = 'ipsec_sa_established';
