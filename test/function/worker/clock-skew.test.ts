import { describe, expect, it } from 'vitest';
import { withPostgres } from '../../helpers/databases.ts';
import { aFleet, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const minuteMs = 60_000;

/** Proofs stand on the times of the cloud's logs, which are by the cloud's clock. */
describe.each([
  ['as the worker’s', 0],
  ['90 s ahead', 90_000],
  ['90 s behind', -90_000],
])('with the cloud’s clock %s', (_, clockSkewMs) => {
  const open = useWorlds(withPostgres());

  it('takes what was negotiated while the cloud was seen at work for no proof', async () => {
    const adoptions = { 'vco-a': { kind: 'never' as const } };
    const inventory = { ...aFleet({ 'a@1': {} }), adoptions };
    const settleMs = { min: 60_000, max: 60_000 };
    const world = await open({
      simulator: { inventory, settleMs, handshakeMs: 0, clockSkewMs },
    });
    const plan = planOf(['a'], { set: { IkeConfig: { Psk: 'anotherKey0123456' } }, verify: {} });
    // Once the request is sent the device begins anew by itself, with the key that the cloud still has.
    void world.clock
      .sleep(20_000)
      .then(() => world.simulator.state.tunnel(region, 'vco-a', null).reset());

    const { id } = await world.submit(plan);
    await world.drain(world.worker(), 8 * minuteMs);

    const query = { jobId: id, states: null, limit: 1, after: null };
    expect((await world.jobs.listChanges(query))[0]).toMatchObject({ verdict: 'latent' });
  });

  it.each([
    ['proves a key that the other side took without going down', 'follows', 'proved'],
    ['takes what was negotiated just before for no proof', 'never', 'latent'],
  ] as const)('%s', { timeout: 60_000 }, async (_what, kind, verdict) => {
    const inventory = { ...aFleet({ 'a@1': {} }), adoptions: { 'vco-a': { kind } } };
    const world = await open({
      simulator: { inventory, settleMs, handshakeMs: 0, clockSkewMs },
    });
    world.simulator.state.tunnel(region, 'vco-a', null).reset();
    const plan = planOf(['a'], { set: { IkeConfig: { Psk: 'anotherKey0123456' } }, verify: {} });

    const { id } = await world.submit(plan);
    await world.drain(world.worker(), 8 * minuteMs);

    const [change] = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 1,
      after: null,
    });
    expect(change).toMatchObject({ state: 'succeeded', verdict });
  });
});
