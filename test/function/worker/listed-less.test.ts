import { describe, expect, it } from 'vitest';
import { withPostgres } from '../../helpers/databases.ts';
import { aFleet, outcomesOf, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

describe('fields that lists do not show', () => {
  const open = useWorlds(withPostgres());

  it.each([
    {
      set: {
        BgpConfig: {
          EnableBgp: true,
          LocalAsn: 65_010,
          TunnelCidr: '169.254.20.0/30',
          LocalBgpIp: '169.254.20.1',
        },
      },
    },
    {
      set: {
        HealthCheckConfig: {
          enable: true,
          dip: '192.168.1.1',
          sip: '10.0.0.1',
          interval: 3,
          retry: 3,
        },
      },
    },
    { set: { AutoConfigRoute: false } },
    { set: { Name: 'branch-new' } },
  ])('are read on their own: $set', async ({ set }) => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {}, 'b@1': {}, c: {} }) } });

    const { id } = await world.submit(planOf(['a', 'c'], { set }));
    await world.drain();
    const again = await world.submit(planOf(['a', 'c'], { set }));
    await world.drain();

    const isSilent = 'AutoConfigRoute' in set;
    const second = isSilent ? 'succeeded' : 'unchanged';
    expect((await outcomesOf(world.jobs, id)).map(({ state, code }) => [state, code])).toEqual([
      ['succeeded', null],
      ['succeeded', null],
    ]);
    expect((await outcomesOf(world.jobs, again.id)).map(({ state }) => state)).toEqual([
      second,
      second,
    ]);
    expect(world.simulator.state.connection(region, 'vco-b')).toMatchObject({ name: 'vco-b' });
  });
});
