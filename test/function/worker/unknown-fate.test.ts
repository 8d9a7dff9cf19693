import { describe, expect, it } from 'vitest';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf, region } from './fleet.ts';
import { later, portOf, useWorlds } from './worlds.ts';

const names = ['a', 'b', 'c'];

/** A gateway with two connections and an attachment, each with the sentinel. */
const fleetWith = (sim: string) => aFleet({ 'a@1': { sim }, 'b@1': { sim }, c: { sim } });

function tokensOf(world: VirtualWorld, name: string): Set<string | null> {
  const writes = world.simulator.record.writes();
  const own = writes.filter(({ vpnConnectionId }) => vpnConnectionId === `vco-${name}`);
  return new Set(own.map(({ clientToken }) => clientToken));
}

describe('a write of unknown fate', () => {
  const open = useWorlds(withPostgres());

  it.each([
    'sim:lost=1',
    'sim:lost=3',
    'sim:dropped=1',
    'sim:dropped=3',
    'sim:500=2',
    'sim:500-applied=1',
    'sim:503=2',
    'sim:502=2',
    'sim:502-applied=2',
    'sim:truncated=2',
  ])('ends as one effective write under one token: %s', async (sim) => {
    const world = await open({ simulator: { inventory: fleetWith(sim) } });

    const { id } = await world.submit(planOf(names));
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    expect(outcomes.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(outcomes.every(({ kinds }) => kinds.includes('unknown_fate'))).toBe(true);
    expect(effectiveWrites(world).sort()).toEqual(names);
    expect(names.map((name) => tokensOf(world, name).size)).toEqual([1, 1, 1]);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('is read back when no answer comes in time', async () => {
    const world = await open({
      simulator: { inventory: fleetWith('sim:slow=40000') },
      wrapApi: (api) => withTimeout(api, (ms) => world.clock.sleep(ms)),
    });

    const { id } = await world.submit(planOf(names));
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    expect(outcomes.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(outcomes.every(({ kinds }) => kinds.includes('unknown_fate'))).toBe(true);
    expect(effectiveWrites(world).sort()).toEqual(names);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('is given up when the request is dropped again and again', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ a: { sim: 'sim:dropped=99' } }) },
    });

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'failed', code: 'NotApplied', attempts: 6 });
    expect(effectiveWrites(world)).toEqual([]);
    expect(await world.jobs.get(id)).toMatchObject({ state: 'failed' });
  });

  it('is given up when the cloud takes it and never applies it', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: { sim: 'sim:ignored' } }) } });

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'NotApplied',
    });
    expect(tokensOf(world, 'a').size).toBe(1);
  });

  it('waits for somebody else on the gateway before it is repeated', async () => {
    const inventory = aFleet({ 'a@1': { sim: 'sim:dropped=1' }, 'b@1': {} });
    const world = await open({ simulator: { inventory } });
    later(world, 2_000, () =>
      world.simulator.state.tamper(region, 'vco-b', { enableDpd: false }, { settleMs: 45_000 }),
    );

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]?.state).toBe('succeeded');
    expect(effectiveWrites(world)).toEqual(['a']);
    expect(world.simulator.record.refusals('VpnGateway.Configuring')).toBe(0);
  });

  it('is not repeated over what somebody else set in the same block meanwhile', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: { sim: 'sim:dropped=1' } }) } });
    const { ike } = world.simulator.state.connection(region, 'vco-a');
    const theirs = { ike: { ...ike, IkeLifetime: 7_200 } };
    later(world, 2_000, () =>
      world.simulator.state.tamper(region, 'vco-a', theirs, { settleMs: 0 }),
    );

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'ChangedElsewhere',
    });
    expect(world.simulator.state.connection(region, 'vco-a').ike).toEqual(theirs.ike);
    expect(effectiveWrites(world)).toEqual([]);
  });

  it('is not repeated over what somebody else set in a block that lists do not show', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ 'a@1': { sim: 'sim:dropped=1' } }) },
    });
    const { healthCheck } = world.simulator.state.connection(region, 'vco-a');
    const theirs = { healthCheck: { ...healthCheck, Retry: 9 } };
    later(world, 2_000, () =>
      world.simulator.state.tamper(region, 'vco-a', theirs, { settleMs: 0 }),
    );

    const set = { HealthCheckConfig: { interval: 7 } };
    const { id } = await world.submit(planOf(['a'], { set }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ code: 'ChangedElsewhere' });
    expect(world.simulator.state.connection(region, 'vco-a')).toMatchObject(theirs);
  });

  it('is sent again when no answer holds what it changes', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ 'a@1': { sim: 'sim:dropped=2' } }) },
    });

    const { id } = await world.submit(planOf(['a'], { set: { AutoConfigRoute: false } }));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]?.state).toBe('succeeded');
    expect(world.simulator.state.connection(region, 'vco-a').autoConfigRoute).toBe(false);
    expect(effectiveWrites(world)).toEqual(['a']);
    expect(tokensOf(world, 'a').size).toBe(1);
  });

  it('fails with the reason of a repeat that is refused for good, and stops the job where every call would be', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ a: { sim: 'sim:error=Forbidden.RAM' }, b: {} }) },
      wrapApi: (api) => loseFirstWrite(api),
    });

    const { id } = await world.submit(
      planOf(['a', 'b'], { onFailure: 'continue', rollout: { concurrency: 1 } }),
    );
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    expect(outcomes.map(({ state, code }) => [state, code])).toEqual([
      ['failed', 'Forbidden.RAM'],
      ['cancelled', null],
    ]);
    expect((await world.jobs.get(id))?.reason).toContain('Forbidden.RAM');
  });
});

const lost = {
  kind: 'unknown',
  error: { class: 'unknown_fate', code: 'Timeout', message: 'no answer in time', requestId: null },
} as const;

/** Answers as the client does when it gives up after 15 seconds; the request itself goes on. */
function withTimeout(api: VpnApi, sleep: (ms: number) => Promise<void>): VpnApi {
  return {
    ...portOf(api),
    modify: (request) => Promise.race([api.modify(request), sleep(15_000).then(() => lost)]),
  };
}

/** The first write never arrives. */
function loseFirstWrite(api: VpnApi): VpnApi {
  let writes = 0;
  return {
    ...portOf(api),
    modify: (request) => {
      writes += 1;
      return writes === 1 ? Promise.resolve(lost) : api.modify(request);
    },
  };
}
