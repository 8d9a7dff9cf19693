import { describe, expect, it } from 'vitest';
import { generateInventory } from '../../../local/simulator/inventory.ts';
import { Plan } from '../../../shared/plan/schema.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { aFleet, effectiveWrites, mostInFlight, outcomesOf, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const wholeWay = ['resolved', 'started', 'prepared', 'accepted', 'finished'];

describe('a job on the whole system', () => {
  const open = useWorlds(withPostgres());

  it('changes a mixed fleet, each connection once, one at a time on each gateway', async () => {
    const inventory = generateInventory({
      seed: 5,
      gateways: 4,
      connectionsPerGateway: 4,
      attachments: 8,
    });
    const world = await open({
      simulator: { seed: 5, inventory, settleMs: { min: 3_000, max: 12_000 } },
    });
    const names = inventory.connections.map(({ id }) => id.replace('vco-', ''));

    const { id } = await world.submit(planOf(names));
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(outcomes.map(({ kinds }) => kinds)).toEqual(names.map(() => wholeWay));
    expect(world.simulator.record.overlaps()).toEqual([]);
    expect(effectiveWrites(world).sort()).toEqual([...names].sort());
    expect(world.simulator.record.refusals('VpnGateway.Configuring')).toBe(0);
  });

  it('has attachments in flight together, and those of one gateway never', async () => {
    const inventory = aFleet({ 'a@1': {}, 'b@1': {}, 'c@1': {}, d: {}, e: {}, f: {} });
    const world = await open({ simulator: { inventory, settleMs: { min: 8_000, max: 8_000 } } });

    await world.submit(planOf(['a', 'b', 'c', 'd', 'e', 'f']));
    await world.drain();

    expect(mostInFlight(world)).toBe(4);
    expect(world.simulator.record.maxInFlight()).toBe(1);
  });

  it.each([1, 3])('never has more than %i in flight when the plan says so', async (concurrency) => {
    const inventory = aFleet({ 'a@1': {}, 'b@2': {}, 'c@3': {}, d: {}, e: {}, f: {} });
    const world = await open({ simulator: { inventory } });

    const { id } = await world.submit(
      planOf(['a', 'b', 'c', 'd', 'e', 'f'], { rollout: { concurrency } }),
    );
    await world.drain();

    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(mostInFlight(world)).toBe(concurrency);
  });

  it('advances more lanes than it may hold at once', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
    const inventory = aFleet(Object.fromEntries(names.map((name) => [name, {}])));
    const world = await open({ simulator: { inventory }, settings: { concurrency: 2 } });

    const { id } = await world.submit(planOf(names));
    await world.drain();

    expect((await world.jobs.get(id))?.counts.succeeded).toBe(12);
  });

  it.each([
    { pskBehaviour: 'regenerate', updateSemantics: 'replace' },
    { pskBehaviour: 'merge', updateSemantics: 'merge' },
    { pskBehaviour: 'regenerate', updateSemantics: 'merge' },
  ] as const)(
    'leaves every other field as it was: $pskBehaviour, $updateSemantics',
    async (semantics) => {
      const ike = {
        IkeLifetime: 3_600,
        IkeMode: 'aggressive',
        LocalId: 'hub.example',
        Psk: 'oldKey00',
      };
      const common = { ike: { ...defaultIke, ...ike } };
      const inventory = aFleet({ 'a@1': common, b: common });
      const world = await open({ simulator: { inventory, ...semantics } });
      const before = ['vco-a', 'vco-b'].map((id) => world.simulator.state.connection(region, id));

      await world.submit(planOf(['a', 'b'], { set: { IkeConfig: { IkeEncAlg: 'aes256' } } }));
      await world.drain();

      const after = ['vco-a', 'vco-b'].map((id) => world.simulator.state.connection(region, id));
      expect(effectiveWrites(world)).toHaveLength(2);
      expect(after).toEqual(
        before.map((each) => ({ ...each, ike: { ...each.ike, IkeEncAlg: 'aes256' } })),
      );
    },
  );

  it('sends nothing where nothing differs', async () => {
    const ike = { ...defaultIke, IkeEncAlg: 'aes256', Psk: 'newKey0123456789' };
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': { ike }, b: { ike } }) } });

    const { id } = await world.submit(planOf(['a', 'b']));
    await world.drain();

    expect((await outcomesOf(world.jobs, id)).map(({ state }) => state)).toEqual([
      'unchanged',
      'unchanged',
    ]);
    expect((await world.jobs.get(id))?.state).toBe('succeeded');
    expect(world.simulator.record.writes()).toEqual([]);
  });

  it('carries out two changes of one connection in order, in one plan and in two jobs', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {}, b: {} }) } });
    const steps = ['aes192', 'aes256', '3des'].map((IkeEncAlg) => ({ IkeConfig: { IkeEncAlg } }));
    const targets = steps.slice(0, 2).flatMap((set) => [
      { regionId: region, vpnConnectionId: 'vco-a', set },
      { regionId: region, vpnConnectionId: 'vco-b', set },
    ]);

    const first = await world.submit(Plan.parse({ title: 'twice', targets }));
    const second = await world.submit(planOf(['a', 'b'], { set: steps[2] }));
    await world.drain();

    const states = [first, second].map(async ({ id }) => (await world.jobs.get(id))?.state);
    expect(await Promise.all(states)).toEqual(['succeeded', 'succeeded']);
    expect(world.simulator.state.connection(region, 'vco-a').ike.IkeEncAlg).toBe('3des');
    expect(effectiveWrites(world)).toHaveLength(6);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it.each(['settled', 'accepted'] as const)(
    'is not fooled by a state that turns late (visible when %s)',
    async (visibleAt) => {
      const inventory = aFleet({ 'a@1': {}, 'b@1': {}, c: {} });
      const late = { lateMs: { min: 4_000, max: 7_000 }, settleMs: { min: 15_000, max: 25_000 } };
      const world = await open({ simulator: { inventory, visibleAt, ...late } });

      const { id } = await world.submit(planOf(['a', 'b', 'c']));
      await world.drain();

      expect((await world.jobs.get(id))?.state).toBe('succeeded');
      expect(effectiveWrites(world).sort()).toEqual(['a', 'b', 'c']);
      expect(world.simulator.record.overlaps()).toEqual([]);
      expect(
        world.simulator.record.writes().filter(({ outcome }) => outcome !== 'accepted'),
      ).toEqual([]);
    },
  );
});

const defaultIke = {
  Psk: 'simulatedKey00',
  IkeVersion: 'ikev1',
  IkeMode: 'main',
  IkeEncAlg: 'aes',
  IkeAuthAlg: 'sha1',
  IkePfs: 'group2',
  IkeLifetime: 86_400,
  LocalId: '47.98.0.1',
  RemoteId: '139.196.32.167',
};
