import { describe, expect, it } from 'vitest';
import { Plan } from '../../../shared/plan/schema.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf, region } from './fleet.ts';
import { later, useWorlds } from './worlds.ts';

/** Somebody at the console changes a connection. */
function tamper(
  world: VirtualWorld,
  name: string,
  changes: Parameters<VirtualWorld['simulator']['state']['tamper']>[2],
  settleMs = 0,
): void {
  world.simulator.state.tamper(region, `vco-${name}`, changes, { settleMs });
}

const settleMs = { min: 10_000, max: 10_000 };

describe('somebody else at work', () => {
  const open = useWorlds(withPostgres());

  it.each([
    { fleet: aFleet({ 'a@1': {}, 'b@1': {} }), changed: 'b', where: 'on the same gateway' },
    { fleet: aFleet({ 'a@1': {} }), changed: 'a', where: 'on the same connection' },
    { fleet: aFleet({ a: {} }), changed: 'a', where: 'on the same attachment' },
  ])('is waited for $where, and written to at most once meanwhile', async ({ fleet, changed }) => {
    const world = await open({ simulator: { inventory: fleet } });
    tamper(world, changed, {}, 90_000);

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    const refused = world.simulator.record.writes().filter(({ outcome }) => outcome === 'refused');
    expect(outcome).toMatchObject({ state: 'succeeded', attempts: 1 });
    expect(outcome?.kinds).toContain('requeued');
    expect(refused.length).toBeLessThanOrEqual(1);
    expect(effectiveWrites(world)).toEqual(['a']);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('holds no slot while it is waited for', async () => {
    const inventory = aFleet({ 'a@1': {}, 'b@1': {}, 'c@2': {} });
    const world = await open({ simulator: { inventory } });
    tamper(world, 'b', {}, 300_000);

    const { id } = await world.submit(planOf(['a', 'c'], { rollout: { concurrency: 1 } }));
    await world.drain(world.worker(), 120_000);

    expect((await outcomesOf(world.jobs, id)).map(({ state }) => state)).toEqual([
      'queued',
      'succeeded',
    ]);
  });

  it('who overwrites a wanted field is reported and left alone', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {} }), settleMs } });
    const { ike } = world.simulator.state.connection(region, 'vco-a');
    const theirs = { ike: { ...ike, IkeEncAlg: '3des' } };
    later(world, 11_000, () => tamper(world, 'a', theirs));

    const { id } = await world.submit(
      planOf(['a'], { set: { IkeConfig: { IkeEncAlg: 'aes256' } } }),
    );
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'ChangedElsewhere',
    });
    expect(world.simulator.state.connection(region, 'vco-a').ike).toEqual(theirs.ike);
    expect(effectiveWrites(world)).toEqual(['a']);
  });

  it('who changes another field leaves the change succeeded, with a note', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {} }), settleMs } });
    later(world, 11_000, () => tamper(world, 'a', { enableDpd: false }));

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded', code: 'ChangedElsewhere' });
    expect(outcome?.events.at(-1)?.data.note).toMatchObject({
      message: expect.stringContaining('EnableDpd'),
    });
  });

  it('who moved the base after the plan was resolved stops the change before it is sent', async () => {
    const inventory = aFleet({ 'a@1': { sim: 'sim:settle=20000' }, 'b@1': {} });
    const world = await open({ simulator: { inventory, settleMs } });
    later(world, 21_000, () => tamper(world, 'b', { remoteSubnet: '172.16.0.0/16' }));

    const { id } = await world.submit(planOf(['a', 'b']));
    await world.drain();

    expect((await outcomesOf(world.jobs, id)).map(({ state, code }) => [state, code])).toEqual([
      ['succeeded', null],
      ['failed', 'BaseMoved'],
    ]);
    expect(effectiveWrites(world)).toEqual(['a']);
  });

  it('who moved it during our first change of the connection stops our second', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: {} }), settleMs } });
    const targets = ['aes192', 'aes256'].map((IkeEncAlg) => ({
      regionId: region,
      vpnConnectionId: 'vco-a',
      set: { IkeConfig: { IkeEncAlg } },
    }));
    later(world, 11_000, () => tamper(world, 'a', { enableDpd: false }));

    const { id } = await world.submit(Plan.parse({ title: 'twice', targets }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id)).map(({ state, code }) => [state, code])).toEqual([
      ['succeeded', 'ChangedElsewhere'],
      ['failed', 'BaseMoved'],
    ]);
  });

  it('spelling subnets in another way is not a move', async () => {
    const inventory = aFleet({ 'a@1': { localSubnet: '10.0.0.0/16,10.1.0.0/16' } });
    const world = await open({ simulator: { inventory } });
    const { id } = await world.submit(planOf(['a']));
    later(world, 1, () => tamper(world, 'a', { localSubnet: '10.1.0.0/16,10.0.0.0/16' }));

    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]?.state).toBe('succeeded');
  });
});
