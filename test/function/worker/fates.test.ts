import { describe, expect, it } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { dyingWorker, type Point } from './dying-worker.ts';
import { aFleet, effectiveWrites, type Outcome, outcomesOf, planOf, region } from './fleet.ts';
import { later, portOf, useWorlds } from './worlds.ts';

const settleMs = { min: 5_000, max: 5_000 };
const leaseMs = 30_000;
/** The cloud is done by then, and the dead worker's lease is not over. */
const meanwhileMs = 20_000;
const silent = createLogger({ level: 'silent', clock: new FakeClock() });
const plan = planOf(['a'], { set: { IkeConfig: { IkeEncAlg: 'aes256' } } });

type Ending = Pick<Outcome, 'state' | 'code'>;
const succeeded: Ending = { state: 'succeeded', code: null };
const noted: Ending = { state: 'succeeded', code: 'ChangedElsewhere' };
const elsewhere: Ending = { state: 'failed', code: 'ChangedElsewhere' };
const moved: Ending = { state: 'failed', code: 'BaseMoved' };

interface Fate {
  died: string;
  point: Point;
  /** Requests that never arrive, from the first on. */
  sim?: string;
  /** The same end with nobody else about, after an edit of the wanted field, and of another one. */
  alone: Ending;
  wantedEdited: Ending;
  otherEdited: Ending;
  /** What the cloud made of the requests that reached it, and how many had taken effect before anybody edited. */
  seen: readonly string[];
  beforeEdit: number;
}

const applied = {
  alone: succeeded,
  wantedEdited: elsewhere,
  otherEdited: noted,
  seen: ['accepted'],
  beforeEdit: 1,
};
const notApplied = {
  alone: succeeded,
  wantedEdited: elsewhere,
  otherEdited: elsewhere,
  seen: ['accepted'],
  beforeEdit: 0,
};

const fates: readonly Fate[] = [
  {
    died: 'after the connection was read, before the request was stored',
    point: { call: 'record', when: 'before', next: 'send' },
    ...notApplied,
    wantedEdited: moved,
    otherEdited: moved,
  },
  {
    died: 'after the request was stored and before it was sent',
    point: { call: 'record', when: 'after', next: 'send' },
    ...notApplied,
  },
  {
    died: 'in the last moment before the request left',
    point: { call: 'send', when: 'before' },
    ...notApplied,
  },
  {
    died: 'after the request was lost on its way, which nobody saw',
    point: { call: 'send', when: 'after' },
    sim: 'sim:dropped=1',
    ...notApplied,
  },
  {
    died: 'after the request was lost, with the unknown fate recorded',
    point: { call: 'record', when: 'after', next: 'reconcile' },
    sim: 'sim:dropped=1',
    ...notApplied,
  },
  {
    died: 'after the request was applied, before the reply came',
    point: { call: 'send', when: 'after' },
    ...applied,
  },
  {
    died: 'after the reply was lost, before the unknown fate was recorded',
    point: { call: 'record', when: 'before', next: 'reconcile' },
    sim: 'sim:lost=1',
    ...applied,
  },
  {
    died: 'after the reply was lost, with the unknown fate recorded',
    point: { call: 'record', when: 'after', next: 'reconcile' },
    sim: 'sim:lost=1',
    ...applied,
  },
  {
    died: 'after the reply came, before the acceptance was recorded',
    point: { call: 'record', when: 'before', next: 'settle' },
    ...applied,
  },
  {
    died: 'after the acceptance was recorded',
    point: { call: 'record', when: 'after', next: 'settle' },
    ...applied,
  },
  {
    died: 'after the cloud was seen done, before the end was recorded',
    point: { call: 'record', when: 'before', next: 'end' },
    ...applied,
  },
];

/** By a name that is shown whole. */
const named = fates.map((fate) => [fate.died, fate] as const);

describe('a change whose worker died', () => {
  const open = useWorlds(withPostgres());

  /** Carries the plan out with a worker that dies at the point and, after its lease, another; `meanwhile` comes in between. */
  async function runThrough(
    { point, sim }: Fate,
    meanwhile: (world: VirtualWorld) => void = () => undefined,
  ): Promise<{ world: VirtualWorld; outcome: Outcome | undefined }> {
    const inventory = aFleet({ a: sim === undefined ? {} : { sim } });
    const world = await open({ simulator: { inventory, settleMs }, logger: silent });
    const { id } = await world.submit(plan);
    const dying = dyingWorker(world, point);
    void world.drain(dying.deps);
    await dying.died;
    world.forget();
    later(world, meanwhileMs, () => meanwhile(world));
    await world.clock.sleep(meanwhileMs + 1);
    await world.drain();
    const [outcome] = await outcomesOf(world.jobs, id);
    return { world, outcome };
  }

  const endingOf = (outcome: Outcome | undefined): unknown => ({
    state: outcome?.state,
    code: outcome?.code,
  });

  it.each(named)('%s, is carried on: nothing written twice, nothing skipped', async (_, fate) => {
    const { world, outcome } = await runThrough(fate);

    const writes = world.simulator.record.writes();
    expect(endingOf(outcome)).toEqual(fate.alone);
    expect(writes.map((write) => write.outcome)).toEqual(fate.seen);
    expect(new Set(writes.map(({ clientToken }) => clientToken)).size).toBe(1);
    expect(effectiveWrites(world)).toEqual(['a']);
    expect(world.simulator.state.connection(region, 'vco-a').ike.IkeEncAlg).toBe('aes256');
    expect(outcome?.kinds.filter((kind) => kind === 'finished')).toEqual(['finished']);
  });

  it.each(named)('%s, leaves what somebody set in the wanted field meanwhile', async (_, fate) => {
    const edit = (world: VirtualWorld): void => {
      const { ike } = world.simulator.state.connection(region, 'vco-a');
      const theirs = { ike: { ...ike, IkeEncAlg: '3des' } };
      world.simulator.state.tamper(region, 'vco-a', theirs, { settleMs: 0 });
    };

    const { world, outcome } = await runThrough(fate, edit);

    expect(endingOf(outcome)).toEqual(fate.wantedEdited);
    expect(world.simulator.state.connection(region, 'vco-a').ike.IkeEncAlg).toBe('3des');
    expect(effectiveWrites(world)).toHaveLength(fate.beforeEdit);
  });

  it.each(named)('%s, notices what somebody set in another field meanwhile', async (_, fate) => {
    const edit = (world: VirtualWorld): void => {
      world.simulator.state.tamper(region, 'vco-a', { enableDpd: false }, { settleMs: 0 });
    };

    const { world, outcome } = await runThrough(fate, edit);

    expect(endingOf(outcome)).toEqual(fate.otherEdited);
    expect(world.simulator.state.connection(region, 'vco-a').enableDpd).toBe(false);
    expect(effectiveWrites(world)).toHaveLength(fate.beforeEdit);
  });
});

describe('a worker that is stopped between its last look at the lease and the write', () => {
  const open = useWorlds(withPostgres());

  /** The first write leaves so much later than it was decided on; another worker goes on meanwhile. */
  async function runWithLateWrite(
    lateMs: number,
    tokenWindowMs: number,
  ): Promise<{ world: VirtualWorld; outcome: Outcome | undefined }> {
    const world = await open({
      simulator: { inventory: aFleet({ a: {} }), settleMs, tokenWindowMs },
      logger: silent,
    });
    const { id } = await world.submit(plan);
    let isStopped = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      isStopped = resolve;
    });
    const late = (api: VpnApi): VpnApi => ({
      ...portOf(api),
      async modify(request) {
        isStopped();
        await world.clock.sleep(lateMs);
        return api.modify(request);
      },
    });
    const asleep = world.worker({ lanes: withoutRenewal(world) }, late);
    const first = world.drain(asleep);
    await stopped;
    await world.drain();
    await first;
    const [outcome] = await outcomesOf(world.jobs, id);
    return { world, outcome };
  }

  it('changes nothing any more while the cloud remembers its token', async () => {
    const { world, outcome } = await runWithLateWrite(2 * leaseMs, 600_000);

    const writes = world.simulator.record.writes();
    expect(outcome?.state).toBe('succeeded');
    expect(writes.map((write) => write.outcome)).toEqual(['accepted', 'repeated']);
    expect(effectiveWrites(world)).toEqual(['a']);
  });

  it('writes the same values once more when the cloud has forgotten its token: that is what is left', async () => {
    const { world, outcome } = await runWithLateWrite(4 * leaseMs, 2 * leaseMs);

    const writes = world.simulator.record.writes();
    expect(outcome?.state).toBe('succeeded');
    expect(writes.map((write) => write.outcome)).toEqual(['accepted', 'accepted']);
    expect(new Set(writes.map(({ clientToken }) => clientToken)).size).toBe(1);
    expect(world.simulator.state.connection(region, 'vco-a').ike.IkeEncAlg).toBe('aes256');
    expect(world.simulator.record.overlaps()).toEqual([]);
  });
});

/** The store of a process that is stopped with a change in its hands: its leases run out, and it takes nothing more. */
function withoutRenewal({ lanes }: VirtualWorld): VirtualWorld['lanes'] {
  let isStopped = false;
  return {
    claim: async (request) => {
      const claimed = await lanes.claim(isStopped ? { ...request, limit: 0 } : request);
      isStopped ||= claimed.lanes.some(({ kind }) => kind === 'connection');
      return claimed;
    },
    record: (updates, lease) => lanes.record(updates, lease),
    renew: () => Promise.resolve([]),
    tendJob: (lease, jobId) => lanes.tendJob(lease, jobId),
    eraseKeys: () => lanes.eraseKeys(),
    repair: () => lanes.repair(),
  };
}
