import { describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../../local/simulator/simulator.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { adopting, aFleet, aPair, keysOf, outcomesOf, planOf, region } from './fleet.ts';
import { aTellingSink } from './telling-sink.ts';
import { later, useWorlds } from './worlds.ts';

const rotation = {
  set: undefined,
  rotatePsk: true,
  handover: { deliverTo: ['devices'] },
  verify: {},
};
/** Far less than the day for which what is latent is watched. */
const soonMs = 600_000;

describe('a negotiation with the new key while the cloud does not say yet that it is done', () => {
  const open = useWorlds(withPostgres());

  async function aWorld(options: Omit<SimulatorOptions, 'clock' | 'inventory'>) {
    const sink = aTellingSink();
    const inventory = adopting(aFleet({ 'a@1': aPair('a'), 'b@1': {} }), { kind: 'follows' }, [
      'tun-a1',
      'tun-a2',
    ]);
    const world = await open({
      simulator: { inventory, handshakeMs: 2_000, ...options },
      sinks: sink.sinks,
    });
    sink.tells(world.simulator);
    return world;
  }

  it('proves the tunnel where the cloud has the values from the start', async () => {
    const settleMs = { min: 20_000, max: 20_000 };
    const world = await aWorld({ settleMs, visibleAt: 'accepted' });

    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain(world.worker(), soonMs);

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'succeeded', code: null });
  });

  it('proves the tunnel where the gateway went on for somebody else', async () => {
    const settleMs = { min: 10_000, max: 10_000 };
    const world = await aWorld({ settleMs });
    const [, standby] = keysOf(world, 'a');
    // As soon as the standby has its new key somebody edits the other connection of the gateway.
    const watch = (): void => {
      if (keysOf(world, 'a')[1] === standby) later(world, 100, watch);
      else world.simulator.state.tamper(region, 'vco-b', {}, { settleMs: 30_000 });
    };
    watch();

    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain(world.worker(), soonMs);

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'succeeded', code: null });
  });
});
