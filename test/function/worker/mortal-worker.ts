import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import type { LaneStore, ResolveStore } from '../../../shared/lane/lane-store.ts';
import type { WorkerDeps } from '../../../shared/worker/run-worker.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';

/** Where a worker's process stops, counted in its calls to the outside: before one takes effect, or after. */
export interface Stop {
  atCall: number;
  when: 'before' | 'after';
  /** It goes on after so long, like a process that was suspended; null = never, like one that was killed. */
  forMs: number | null;
}

export interface MortalWorker {
  deps: WorkerDeps;
  /** Resolves when it stops. */
  stopped: Promise<void>;
  hasStopped(): boolean;
}

/** A worker that stops as told: from then on none of its calls does anything or comes back. */
export function mortalWorker(world: VirtualWorld, stop: Stop): MortalWorker {
  const never = new Promise<void>(() => undefined);
  let gate: Promise<void> | null = null;
  let calls = 0;
  let tell = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    tell = resolve;
  });

  function count(): boolean {
    calls += 1;
    if (calls !== stop.atCall) return false;
    gate = stop.forMs === null ? never : world.clock.sleep(stop.forMs);
    tell();
    return true;
  }

  async function pass<Result>(work: () => Promise<Result>): Promise<Result> {
    await gate;
    if (count() && stop.when === 'before') await gate;
    const result = await work();
    await gate;
    return result;
  }

  const api = (port: VpnApi): VpnApi => ({
    listConnections: (query) => pass(() => port.listConnections(query)),
    describeConnection: (ref) => pass(() => port.describeConnection(ref)),
    listGateways: (query) => pass(() => port.listGateways(query)),
    describeGateway: (query) => pass(() => port.describeGateway(query)),
    listCustomerGateways: (query) => pass(() => port.listCustomerGateways(query)),
    connectionLogs: (query) => pass(() => port.connectionLogs(query)),
    diagnose: (query) => pass(() => port.diagnose(query)),
    modify: (request) => pass(() => port.modify(request)),
  });
  const lanes: LaneStore = {
    // Claims that find nothing are many and alike: only the others count.
    claim: async (request) => {
      await gate;
      const claimed = await world.lanes.claim(request);
      if (claimed.lanes.length > 0) count();
      await gate;
      return claimed;
    },
    record: (updates, lease) => pass(() => world.lanes.record(updates, lease)),
    renew: async (leases, leaseSeconds) => {
      await gate;
      return world.lanes.renew(leases, leaseSeconds);
    },
    tendJob: (lease, jobId) => pass(() => world.lanes.tendJob(lease, jobId)),
    eraseKeys: () => world.lanes.eraseKeys(),
    repair: () => world.lanes.repair(),
  };
  const resolving: ResolveStore = {
    nextInRegion: (regionId) => pass(() => world.resolving.nextInRegion(regionId)),
    saveSelections: (...args) => pass(() => world.resolving.saveSelections(...args)),
    saveResolutions: (...args) => pass(() => world.resolving.saveResolutions(...args)),
    finishRegion: (...args) => pass(() => world.resolving.finishRegion(...args)),
  };
  return {
    deps: world.worker({ lanes, resolving }, api),
    stopped,
    hasStopped: () => gate !== null,
  };
}
