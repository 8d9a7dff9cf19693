import { describe, expect, it } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import type { LaneStore } from '../../../shared/lane/lane-store.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const names = Array.from({ length: 40 }, (_, index) => `c${index}`);
/** Ten gateways with two connections each, and twenty attachments: thirty lanes. */
const shorts = names.map((name, index) => (index < 20 ? `${name}@${index % 10}` : name));
const laneCount = 30;
const inventory = aFleet(Object.fromEntries(shorts.map((short) => [short, {}])));
const settleMs = { min: 20_000, max: 20_000 };
const leaseSeconds = 30;
const pollIntervalMs = 3_000;
const silent = createLogger({ level: 'silent', clock: new FakeClock() });

/** What workers did, counted where they reach out. */
interface Tally {
  /** Claims that found something, and the lanes in them. */
  claims: { at: number; lanes: readonly string[] }[];
  /** All claims. */
  asked: number;
  /** Monotonic times of calls that read the cloud. */
  reads: number[];
}

function countingWorker(world: VirtualWorld, tally: Tally): Parameters<VirtualWorld['drain']>[0] {
  const lanes: LaneStore = {
    async claim(request) {
      const claimed = await world.lanes.claim(request);
      tally.asked += 1;
      if (claimed.lanes.length > 0) {
        const at = world.clock.monotonic();
        tally.claims.push({ at, lanes: claimed.lanes.map(({ laneKey }) => laneKey) });
      }
      return claimed;
    },
    record: (updates, lease) => world.lanes.record(updates, lease),
    renew: (leases, seconds) => world.lanes.renew(leases, seconds),
    tendJob: (lease, jobId) => world.lanes.tendJob(lease, jobId),
    eraseKeys: () => world.lanes.eraseKeys(),
    repair: () => world.lanes.repair(),
  };
  const read = <Result>(call: () => Promise<Result>): Promise<Result> => {
    tally.reads.push(world.clock.monotonic());
    return call();
  };
  const wrapApi = (api: VpnApi): VpnApi => ({
    listConnections: (query) => read(() => api.listConnections(query)),
    describeConnection: (ref) => read(() => api.describeConnection(ref)),
    listGateways: (query) => read(() => api.listGateways(query)),
    describeGateway: (query) => read(() => api.describeGateway(query)),
    listCustomerGateways: (query) => read(() => api.listCustomerGateways(query)),
    connectionLogs: (query) => read(() => api.connectionLogs(query)),
    diagnose: (query) => read(() => api.diagnose(query)),
    modify: (request) => api.modify(request),
  });
  return world.worker({ lanes }, wrapApi);
}

/** A worker that resolves, takes every lane that is due then, and is never heard of again. */
function vanishingWorker(world: VirtualWorld): {
  deps: Parameters<VirtualWorld['drain']>[0];
  vanished: Promise<void>;
} {
  let tell = (): void => undefined;
  const vanished = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const lanes: LaneStore = {
    async claim(request) {
      const claimed = await world.lanes.claim(request);
      if (claimed.lanes.some(({ kind }) => kind !== 'region')) {
        tell();
        await new Promise<never>(() => undefined);
      }
      return claimed;
    },
    record: (updates, lease) => world.lanes.record(updates, lease),
    renew: (leases, seconds) => world.lanes.renew(leases, seconds),
    tendJob: (lease, jobId) => world.lanes.tendJob(lease, jobId),
    eraseKeys: () => world.lanes.eraseKeys(),
    repair: () => world.lanes.repair(),
  };
  return { deps: world.worker({ lanes }), vanished };
}

describe('four workers and the lanes of a fifth that is gone', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  /** What the four do in a job; with `vanished` the fifth had taken every lane at time 0. */
  async function workOf({ vanished }: { vanished: boolean }): Promise<Tally & { since: number }> {
    const tally: Tally = { claims: [], asked: 0, reads: [] };
    const world = await open({
      simulator: { inventory, settleMs },
      settings: { leaseSeconds, pollIntervalMs },
      logger: silent,
    });
    const { id } = await world.submit(planOf(names));
    if (vanished) {
      const fifth = vanishingWorker(world);
      void world.drain(fifth.deps);
      await fifth.vanished;
      world.forget();
    }
    const since = world.clock.monotonic();
    await Promise.all([1, 2, 3, 4].map(() => world.drain(countingWorker(world, tally))));
    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(effectiveWrites(world).sort()).toEqual([...names].sort());
    expect(world.simulator.record.overlaps()).toEqual([]);
    return { ...tally, since };
  }

  it('take each over once, as soon as its lease is over', async () => {
    const { claims, since } = await workOf({ vanished: true });

    const first = claims.filter(({ at }) => at - since <= leaseSeconds * 1_000 + pollIntervalMs);
    const taken = first.flatMap(({ lanes }) => lanes);
    expect(new Set(taken).size).toBe(laneCount);
    expect(taken).toHaveLength(laneCount);
    expect(Math.min(...first.map(({ at }) => at - since))).toBeGreaterThan(leaseSeconds * 900);
  });

  it('leave the cloud alone until then, and read each lane at most once to go on', async () => {
    const { reads, since } = await workOf({ vanished: true });

    const leaseEnd = since + leaseSeconds * 1_000;
    const earliest = leaseEnd - pollIntervalMs;
    const afterwards = reads.filter((at) => at >= earliest && at < leaseEnd + pollIntervalMs);
    expect(reads.filter((at) => at < earliest)).toEqual([]);
    expect(afterwards.length).toBeGreaterThan(0);
    expect(afterwards.length).toBeLessThanOrEqual(laneCount);
  });

  it('ask the database for lanes no more often than when nobody is gone', async () => {
    const usual = await workOf({ vanished: false });
    await emptyAllTables(database);
    const disturbed = await workOf({ vanished: true });

    expect(disturbed.asked).toBeLessThanOrEqual(usual.asked * 1.2);
  });
});
