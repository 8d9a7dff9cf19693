import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import type { LaneStore } from '../../../shared/lane/lane-store.ts';
import type { WorkerDeps } from '../../../shared/worker/run-worker.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';

/** A point of a change's way at which a process may end. */
export interface Point {
  /** `read` and `send` are calls to the cloud, `record` writes a step's result. */
  call: 'read' | 'send' | 'record';
  /** Before the call takes effect, or after it did and before its answer was seen. */
  when: 'before' | 'after';
  /** Of `record`: what the step left to be done next; `end` when it ended the change. */
  next?: 'send' | 'settle' | 'reconcile' | 'end';
}

export interface DyingWorker {
  deps: WorkerDeps;
  /** Resolves when it died. */
  died: Promise<void>;
}

/** A worker that dies the first time it reaches the point: from then on none of its calls does anything or comes back. */
export function dyingWorker(world: VirtualWorld, point: Point): DyingWorker {
  let isDead = false;
  let tell = (): void => undefined;
  const died = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const never = new Promise<never>(() => undefined);
  const whenAlive = <Result>(result: Promise<Result>): Promise<Result> =>
    result.then((value) => (isDead ? never : value));

  async function pass<Result>(isPoint: boolean, work: () => Promise<Result>): Promise<Result> {
    if (isPoint && point.when === 'before') die();
    if (isDead) return never;
    const result = await work();
    if (isPoint) die();
    return whenAlive(Promise.resolve(result));
  }
  function die(): void {
    isDead = true;
    tell();
  }

  const { call, next } = point;
  const read = <Result>(work: () => Promise<Result>): Promise<Result> =>
    pass(call === 'read', work);
  const api = (port: VpnApi): VpnApi => ({
    listConnections: (query) => read(() => port.listConnections(query)),
    describeConnection: (ref) => read(() => port.describeConnection(ref)),
    listGateways: (query) => read(() => port.listGateways(query)),
    describeGateway: (query) => read(() => port.describeGateway(query)),
    listCustomerGateways: (query) => read(() => port.listCustomerGateways(query)),
    connectionLogs: (query) => read(() => port.connectionLogs(query)),
    diagnose: (query) => read(() => port.diagnose(query)),
    modify: (request) => pass(call === 'send', () => port.modify(request)),
  });
  const lanes: LaneStore = {
    claim: (request) => pass(false, () => world.lanes.claim(request)),
    record(updates, lease) {
      const isPoint = updates.some(({ change }) => {
        if (change === null) return false;
        return next === 'end' ? change.state === 'succeeded' : change.step === next;
      });
      return pass(call === 'record' && isPoint, () => world.lanes.record(updates, lease));
    },
    renew: (leases, seconds) => pass(false, () => world.lanes.renew(leases, seconds)),
    tendJob: (lease, jobId) => pass(false, () => world.lanes.tendJob(lease, jobId)),
    eraseKeys: () => world.lanes.eraseKeys(),
    repair: () => world.lanes.repair(),
  };
  return { deps: world.worker({ lanes }, api), died };
}
