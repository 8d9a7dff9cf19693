import { describe, expect, it } from 'vitest';
import { makeConnection } from '../../../local/simulator/defaults.ts';
import type { Adoption, Connection, Inventory } from '../../../local/simulator/shapes.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld, VirtualWorldOptions } from '../../helpers/virtual-world.ts';
import { adopting, aFleet, aPair, keysOf, outcomesOf, planOf, region } from './fleet.ts';
import { aTellingSink } from './telling-sink.ts';
import { later, useWorlds, withoutConnection } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const hourMs = 3_600_000;
const rotation = {
  set: undefined,
  rotatePsk: true,
  handover: { deliverTo: ['devices'] },
  verify: {},
};
const onDelivery: Adoption = { kind: 'onDelivery' };

/** A world whose peers get what is delivered. */
function useDevices() {
  const open = useWorlds(withPostgres());
  return async (
    fleet: Inventory,
    peers: { adoption: Adoption; ids: readonly string[] } = { adoption: onDelivery, ids: [] },
    more: Pick<VirtualWorldOptions, 'wrapApi'> = {},
  ) => {
    const sink = aTellingSink();
    const inventory = adopting(fleet, peers.adoption, peers.ids);
    const simulator = { inventory, settleMs, handshakeMs: 2_000 };
    const world = await open({ simulator, sinks: sink.sinks, ...more });
    sink.tells(world.simulator);
    return { world, sink };
  };
}

describe('a job that restores', () => {
  const open = useDevices();

  it('begins with what is down, though both tunnels are', async () => {
    const ids = ['tun-a1', 'tun-a2'];
    const { world } = await open(aFleet({ 'a@1': aPair('a') }), { adoption: onDelivery, ids });
    const before = keysOf(world, 'a');
    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain();
    const tunnels = ids.map((tunnelId) => world.simulator.state.tunnel(region, 'vco-a', tunnelId));
    for (const tunnel of tunnels) tunnel.deliver({ ike: { Psk: 'aKeyOfNobody1234' } });
    expect(statusesOf(world)).toEqual(['ike_sa_not_established', 'ike_sa_not_established']);

    const back = await world.rollback(id);
    await world.drain();

    expect(await outcomesOf(world.jobs, back.id)).toMatchObject([
      { state: 'succeeded', code: null, attempts: 2 },
    ]);
    expect(keysOf(world, 'a')).toEqual(before);
    expect(statusesOf(world)).toEqual(['ipsec_sa_established', 'ipsec_sa_established']);
  });

  it('leaves the old key where it is not proved, and brings the new one not back', async () => {
    const { world } = await open(aFleet({ 'a@1': {} }), { adoption: onDelivery, ids: ['vco-a'] });
    const before = keysOf(world, 'a');
    const { id } = await world.submit(planOf(['a'], { ...rotation, onFailure: 'rollback' }));
    await world.drain();
    const tunnel = world.simulator.state.tunnel(region, 'vco-a', null);
    tunnel.behave({ kind: 'never' });
    // The SA of before would outlive every proof.
    later(world, 60_000, () => tunnel.reset());

    const back = await world.rollback(id);
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, back.id);
    expect(outcome).toMatchObject({ state: 'failed', code: 'TunnelDown', attempts: 1 });
    expect(outcome?.kinds).not.toContain('reverting');
    expect(keysOf(world, 'a')).toEqual(before);
  });

  it('goes on with the rest where somebody else comes between', async () => {
    const { world } = await open(aFleet({ 'a@1': {}, 'b@2': {}, 'c@3': {} }));
    const plan = planOf(['a', 'b', 'c'], { rollout: { concurrency: 1 } });
    const before = keysOf(world, 'a');
    const { id } = await world.submit(plan);
    await world.drain();
    const theirs = { ...world.simulator.state.connection(region, 'vco-b').ike, Psk: 'theirs123' };

    const back = await world.rollback(id);
    later(world, 5_000, () =>
      world.simulator.state.tamper(region, 'vco-b', { ike: theirs }, { settleMs: 0 }),
    );
    await world.drain();

    expect(await outcomesOf(world.jobs, back.id)).toMatchObject([
      { state: 'succeeded' },
      { state: 'failed', code: 'ChangedElsewhere', attempts: 0 },
      { state: 'succeeded' },
    ]);
    expect([keysOf(world, 'a'), keysOf(world, 'b')]).toEqual([before, ['theirs123']]);
  });
});

function statusesOf({ simulator }: VirtualWorld): string[] {
  return simulator.state.connection(region, 'vco-a').tunnels.map(({ status }) => status);
}

describe('a change whose key is still to be proved when it has ended', () => {
  const open = useDevices();

  /** Its SAs of before are over in an hour: longer than a proof may take. */
  const short: Partial<Connection> = {
    ike: {
      ...makeConnection({ regionId: region, id: 'x', customerGatewayId: 'x' }).ike,
      IkeLifetime: 3_600,
    },
  };

  async function aLatentOne(isGone = () => false) {
    const fleet = aFleet({ 'a@1': short });
    const { world, sink } = await open(
      fleet,
      { adoption: { kind: 'never' }, ids: ['vco-a'] },
      { wrapApi: (api) => withoutConnection(api, 'vco-a', isGone) },
    );
    const set = { IkeConfig: { IkeEncAlg: 'aes256' } };
    const { id } = await world.submit(planOf(['a'], { ...rotation, set }));
    await world.drain(world.worker(), hourMs / 4);
    const kinds = async () => (await outcomesOf(world.jobs, id))[0]?.kinds ?? [];
    return { world, sink, kinds };
  }

  it('is judged all the same when something else of the connection was changed', async () => {
    const { world, kinds } = await aLatentOne();
    await world.submit(planOf(['a'], { set: { IkeConfig: { IkeEncAlg: 'aes192' } } }));

    await world.drain(world.worker(), 6 * hourMs);

    expect(await kinds()).not.toContain('superseded');
    expect((await kinds()).at(-1)).toBe('verdict');
  });

  it('is watched no more once its connection is gone', async () => {
    let isGone = false;
    const { world, sink, kinds } = await aLatentOne(() => isGone);
    isGone = true;

    await world.drain(world.worker(), 6 * hourMs);

    expect((await kinds()).slice(-2)).toEqual(['superseded', 'withdrawn']);
    expect(sink.calls).toContain('withdraw ');
  });
});

describe('a change that failed before anything was written', () => {
  const open = useDevices();

  it('keeps its key for as long as the plan says, for whoever tries it again', async () => {
    const { world, sink } = await open(aFleet({ 'a@1': {} }));
    const error = { code: 'Refused', message: 'no', isRetryable: false, requestId: null };
    sink.answers({ kind: 'failed', error });
    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain();
    const keysKept = async (): Promise<readonly string[]> => {
      await world.lanes.eraseKeys();
      const query = { jobId: id, states: null, limit: 9, after: null };
      const [change] = await world.jobs.listChanges(query);
      return Object.keys(change?.sealedMadeKeys ?? {});
    };

    expect(await outcomesOf(world.jobs, id)).toMatchObject([{ state: 'failed', attempts: 0 }]);
    expect(await keysKept()).toEqual(['IkeConfig.Psk']);
    await world.clock.sleep(8 * 24 * hourMs);
    expect(await keysKept()).toEqual([]);
  });
});
