import { describe, expect, it } from 'vitest';
import { makeTunnel } from '../../../local/simulator/defaults.ts';
import type { VpnApi } from '../../../shared/connection/vpn-api.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf, region } from './fleet.ts';
import { portOf, useWorlds, withoutConnection } from './worlds.ts';

const tunnels = ([1, 2] as const).map((index) =>
  makeTunnel({ tunnelId: `tun-${index}`, index, customerGatewayId: `cgw-${region}` }),
);
const goOn = { onFailure: 'continue' };

async function statesOf(world: VirtualWorld, jobId: string): Promise<(string | null)[][]> {
  const outcomes = await outcomesOf(world.jobs, jobId);
  return outcomes.map(({ state, code }) => [state, code]);
}

describe('what cannot be changed', () => {
  const open = useWorlds(withPostgres());

  it.each([
    { what: 'is not there', fleet: aFleet({ a: {} }), code: 'NotFound' },
    {
      what: 'would lose both tunnels, which the plan does not accept',
      fleet: aFleet({ a: {}, bad: { tunnels } }),
      code: 'TunnelRedundancyLost',
    },
  ])('is refused before anything is written where it $what', async ({ fleet, code }) => {
    const world = await open({ simulator: { inventory: fleet } });

    const verify = { tunnel: 'none' };
    const stopping = await world.submit(planOf(['a', 'bad'], { verify }));
    const goingOn = await world.submit(planOf(['a', 'bad'], { ...goOn, verify }));
    await world.drain();

    expect(await statesOf(world, stopping.id)).toEqual([
      ['cancelled', null],
      ['failed', code],
    ]);
    expect(await statesOf(world, goingOn.id)).toEqual([
      ['succeeded', null],
      ['failed', code],
    ]);
    expect((await world.jobs.get(stopping.id))?.state).toBe('failed');
    expect(effectiveWrites(world)).toEqual(['a']);
  });

  it('is a connection that is locked for an unpaid bill: nothing is sent', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ a: { financialLocked: true } }) },
    });

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    expect(await statesOf(world, id)).toEqual([['failed', 'ConnectionLocked']]);
    expect(world.simulator.record.writes()).toEqual([]);
  });

  it('is a connection that is deleted between resolving and its turn', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ 'a@1': {}, 'b@1': {} }) },
      wrapApi: (api) => withoutConnection(api, 'vco-b', () => world.clock.monotonic() > 5_000),
    });

    const { id } = await world.submit(planOf(['a', 'b']));
    await world.drain();

    expect(await statesOf(world, id)).toEqual([
      ['succeeded', null],
      ['failed', 'NotFound'],
    ]);
    expect(effectiveWrites(world)).toEqual(['a']);
  });

  it.each(['VpnGateway.FinancialLocked', 'InvalidName', 'Resource.QuotaFull', 'SomethingNew'])(
    'fails with the code of the cloud, and the rest goes on or is cancelled as the plan says: %s',
    async (code) => {
      const inventory = aFleet({ 'a@1': { sim: `sim:error=${code}` }, 'b@1': {}, 'c@1': {} });
      const world = await open({ simulator: { inventory } });

      const stopping = await world.submit(planOf(['a', 'b', 'c']));
      const goingOn = await world.submit(planOf(['a', 'b', 'c'], goOn));
      await world.drain();

      expect(await statesOf(world, stopping.id)).toEqual([
        ['failed', code],
        ['cancelled', null],
        ['cancelled', null],
      ]);
      expect((await world.jobs.get(stopping.id))?.state).toBe('failed');
      expect(await statesOf(world, goingOn.id)).toEqual([
        ['failed', code],
        ['succeeded', null],
        ['succeeded', null],
      ]);
      expect((await world.jobs.get(goingOn.id))?.state).toBe('failed');
    },
  );

  it.each(['Forbidden.RAM', 'InvalidAccessKeyId.Inactive'])(
    'stops the whole job where every call would be refused: %s',
    async (code) => {
      const inventory = aFleet({ 'a@1': { sim: `sim:error=${code}` }, 'b@1': {}, 'c@1': {} });
      const world = await open({ simulator: { inventory } });

      const { id } = await world.submit(planOf(['a', 'b', 'c'], goOn));
      await world.drain();

      expect(await statesOf(world, id)).toEqual([
        ['failed', code],
        ['cancelled', null],
        ['cancelled', null],
      ]);
      expect((await world.jobs.get(id))?.reason).toContain(code);
      expect(effectiveWrites(world)).toEqual([]);
    },
  );

  it('stops the whole job where reading is no longer allowed', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ 'a@1': {}, 'b@1': {} }) },
      wrapApi: (api) => unreadableWhile(api, 'permission', () => world.clock.monotonic() > 10_000),
    });
    world.simulator.state.tamper(region, 'vco-a', {}, { settleMs: 20_000, lateMs: 0 });

    const { id } = await world.submit(planOf(['a', 'b'], { ...goOn, rollout: { concurrency: 1 } }));
    await world.drain();

    expect(await statesOf(world, id)).toEqual([
      ['failed', 'Unreadable'],
      ['cancelled', null],
    ]);
    expect((await world.jobs.get(id))?.reason).toContain('Unreadable');
  });

  it('bears as many failures as the plan allows', async () => {
    const bad = { sim: 'sim:error=InvalidName' };
    const inventory = aFleet({ 'a@1': bad, 'b@1': bad, 'c@1': {}, 'd@1': bad, 'e@1': {} });
    const world = await open({ simulator: { inventory } });

    const { id } = await world.submit(
      planOf(['a', 'b', 'c', 'd', 'e'], { rollout: { maxErrors: 2 } }),
    );
    await world.drain();

    expect((await statesOf(world, id)).map(([state]) => state)).toEqual([
      'failed',
      'failed',
      'succeeded',
      'failed',
      'cancelled',
    ]);
  });

  it('fails in time when the cloud never gets done, and delays no other lane', async () => {
    const inventory = aFleet({ 'a@1': { sim: 'sim:never-settles' }, 'b@2': {}, c: {} });
    const world = await open({ simulator: { inventory } });

    const { id } = await world.submit(planOf(['a', 'b', 'c'], goOn));
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    const endOf = (index: number): number =>
      Date.parse(outcomes[index]?.events.at(-1)?.at ?? '') - Date.parse('2026-11-22T10:00:00Z');
    expect(outcomes.map(({ state, code }) => [state, code])).toEqual([
      ['failed', 'SettleTimeout'],
      ['succeeded', null],
      ['succeeded', null],
    ]);
    expect(endOf(0)).toBeGreaterThanOrEqual(600_000);
    expect(endOf(0)).toBeLessThan(610_000);
    expect(Math.max(endOf(1), endOf(2))).toBeLessThan(60_000);
  });
});

describe('throttling', () => {
  const open = useWorlds(withPostgres());

  it('is no attempt, and the same request goes out later', async () => {
    const inventory = aFleet({ 'a@1': { sim: 'sim:throttled=2' }, b: { sim: 'sim:throttled=1' } });
    const world = await open({ simulator: { inventory } });

    const { id } = await world.submit(planOf(['a', 'b']));
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    const tokens = world.simulator.record
      .writes()
      .filter(({ vpnConnectionId }) => vpnConnectionId === 'vco-a')
      .map(({ clientToken }) => clientToken);
    expect(outcomes.map(({ state, attempts }) => [state, attempts])).toEqual([
      ['succeeded', 1],
      ['succeeded', 1],
    ]);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
  });

  it('slows every worker down', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `c${index}`);
    const inventory = aFleet(
      Object.fromEntries(
        names.map((name, index) => [name, index === 0 ? { sim: 'sim:throttled=1' } : {}]),
      ),
    );
    const limits = { readsPerMinute: 480, writesPerMinute: 20 };
    const world = await open({ simulator: { inventory }, limits });

    const { id } = await world.submit(planOf(names));
    await Promise.all([world.drain(), world.drain()]);

    const record = world.simulator.record.snapshot();
    expect((await world.jobs.get(id))?.counts.succeeded).toBe(30);
    expect(record.throttled).toBe(1);
    expect(mostWithin(world, 60_000)).toBeLessThanOrEqual(20);
    expect(mostWithin(world, 60_000, 60_000)).toBeLessThanOrEqual(20);
  });

  it('never comes as long as all share one budget', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `c${index}`);
    const inventory = aFleet(Object.fromEntries(names.map((name) => [name, {}])));
    const world = await open({
      simulator: { inventory, quotas: { writes: 25, reads: 60 } },
      limits: { readsPerMinute: 60, writesPerMinute: 25 },
    });

    const { id } = await world.submit(planOf(names));
    await Promise.all([world.drain(), world.drain(), world.drain()]);

    const record = world.simulator.record.snapshot();
    expect((await world.jobs.get(id))?.counts.succeeded).toBe(60);
    expect(record.throttled).toBe(0);
    expect(Math.max(...Object.values(record.windowMaxima))).toBeLessThanOrEqual(60);
  });
});

describe('resolving', () => {
  const open = useWorlds(withPostgres());

  it('takes the jobs of a region in the order of their acceptance', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {} }) } });
    const jobs = [];
    for (const IkeEncAlg of ['aes192', 'aes256', '3des', 'des']) {
      jobs.push(await world.submit(planOf(['a'], { set: { IkeConfig: { IkeEncAlg } } })));
    }

    await Promise.all([world.drain(), world.drain()]);

    const started = await Promise.all(
      jobs.map(async ({ id }) => (await world.jobs.get(id))?.startedAt ?? ''),
    );
    expect(started).toEqual([...started].sort());
    expect(world.simulator.state.connection(region, 'vco-a').ike.IkeEncAlg).toBe('des');
    expect(effectiveWrites(world)).toHaveLength(4);
  });

  it('waits for a region that cannot be read', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ a: {} }) },
      wrapApi: (api) =>
        unreadableWhile(api, 'unknown_fate', () => world.clock.monotonic() < 300_000),
    });

    const { id } = await world.submit(planOf(['a']));
    await world.drain();

    expect(await statesOf(world, id)).toEqual([['succeeded', null]]);
  });

  it('fails the targets of a region that cannot be read for ten minutes, and only those', async () => {
    const there = aFleet({ a: {} });
    const away = aFleet({ far: {} }, 'eu-central-1');
    const inventory = {
      regions: [...there.regions, ...away.regions],
      gateways: [],
      customerGateways: [...there.customerGateways, ...away.customerGateways],
      connections: [...there.connections, ...away.connections],
    };
    const world = await open({
      simulator: { inventory },
      wrapApi: (api) =>
        unreadableWhile(api, 'unknown_fate', (regionId) => regionId === 'eu-central-1'),
    });
    const plan = planOf(['a'], goOn);
    const far = { regionId: 'eu-central-1', vpnConnectionId: 'vco-far' };

    const { id } = await world.submit({ ...plan, targets: [...plan.targets, far] });
    await world.drain();

    const job = await world.jobs.get(id);
    expect(await statesOf(world, id)).toEqual([
      ['succeeded', null],
      ['failed', 'Unreadable'],
    ]);
    expect(
      Date.parse(job?.startedAt ?? '') - Date.parse(job?.createdAt ?? ''),
    ).toBeGreaterThanOrEqual(600_000);
  });
});

/** Most writes that arrived within so long, after a while. */
function mostWithin({ simulator }: VirtualWorld, windowMs: number, after = 0): number {
  const times = simulator.record.writes().map(({ acceptedAt }) => acceptedAt);
  const from = (times[0] ?? 0) + after;
  const kept = times.filter((time) => time >= from);
  return Math.max(
    0,
    ...kept.map((start) => kept.filter((t) => t >= start && t < start + windowMs).length),
  );
}

/** A cloud whose connections cannot be read while `isUnreadable` says so. */
function unreadableWhile(
  api: VpnApi,
  errorClass: 'permission' | 'unknown_fate',
  isUnreadable: (regionId: string) => boolean,
): VpnApi {
  const message = 'connections cannot be read';
  const error = { class: errorClass, code: 'Unreadable', message, requestId: null };
  const failed = { kind: 'failed', error } as const;
  return {
    ...portOf(api),
    listConnections: async (query) =>
      isUnreadable(query.regionId) ? failed : api.listConnections(query),
    describeConnection: async (ref) =>
      isUnreadable(ref.regionId) ? failed : api.describeConnection(ref),
  };
}
