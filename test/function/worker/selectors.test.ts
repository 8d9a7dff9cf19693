import { describe, expect, it } from 'vitest';
import { Plan } from '../../../shared/plan/schema.ts';
import { createLogger } from '../../../shared/platform/logger.ts';
import { emptyAllTables, withPostgres } from '../../helpers/databases.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { openVirtualWorld, type VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, region } from './fleet.ts';
import { mortalWorker } from './mortal-worker.ts';
import { portOf, useWorlds } from './worlds.ts';

const silent = createLogger({ level: 'silent', clock: new FakeClock() });
const prod = { tags: [{ Key: 'env', Value: 'prod' }] };
const inventory = aFleet({
  'c@1': prod,
  'a@1': prod,
  'b@2': {},
  d: prod,
  e: { name: 'lab-e' },
});

const set = { IkeConfig: { IkeEncAlg: 'aes256' } };

function aPlan(targets: readonly object[], more: object = {}): Plan {
  return Plan.parse({
    title: 'stronger algorithms',
    targets: targets.map((target) => ({ regionId: region, ...target })),
    set,
    rollout: { concurrency: '50%' },
    ...more,
  });
}

async function changedBy(world: VirtualWorld, jobId: string): Promise<string[]> {
  const changes = await world.jobs.listChanges({ jobId, states: null, limit: 99, after: null });
  return changes.map(({ seq, vpnConnectionId, state }) => {
    return `${seq} ${vpnConnectionId.replace('vco-', '')} ${state}`;
  });
}

describe('a job with selectors', () => {
  const database = withPostgres();
  const openWorld = useWorlds(database);

  it('changes what they take, in plan order and in the order of ids', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const { id, total } = await world.submit(
      aPlan([
        { select: { name: 'lab-*' } },
        { vpnConnectionId: 'vco-b' },
        { select: { tags: { env: 'prod' } } },
        { select: { attachType: ['VPNGW'], vpnGatewayId: ['vpn-1'] }, set: { Name: 'renamed' } },
      ]),
    );
    await world.drain();

    expect(total).toBeNull();
    expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded', total: 7, reason: null });
    expect(await changedBy(world, id)).toEqual([
      '0 e succeeded',
      '1 b succeeded',
      '2 a succeeded',
      '3 c succeeded',
      '4 d succeeded',
      '5 a succeeded',
      '6 c succeeded',
    ]);
  });

  it('reads each page of the region once', async () => {
    const world = await openWorld({ simulator: { inventory } });
    await world.submit(aPlan([{ vpnConnectionId: 'vco-b' }, { select: { name: 'lab-*' } }]));
    const reads = () =>
      world.simulator.record
        .snapshot()
        .calls.filter(({ action }) => action.startsWith('DescribeVpnConnection'));
    await world.drain(world.worker(), 1);

    expect(reads().map(({ action, total }) => [action, total])).toEqual([
      ['DescribeVpnConnections', 1],
    ]);
  });

  it('writes nothing when a selector takes nothing', async () => {
    const world = await openWorld({ simulator: { inventory } });
    const { id } = await world.submit(
      aPlan([{ vpnConnectionId: 'vco-b' }, { select: { name: 'branch-nowhere' } }]),
    );
    await world.drain();

    expect(await world.jobs.get(id)).toMatchObject({
      state: 'failed',
      reason: '/targets/1/select matches no connection; nothing was changed',
    });
    expect(world.simulator.record.writes()).toEqual([]);
  });

  it('fails with the reason when the region cannot be read for ten minutes', async () => {
    const world = await openWorld({
      simulator: { inventory },
      wrapApi: (api) => ({
        ...portOf(api),
        listConnections: async () => {
          const error = { code: 'Forbidden.RAM', message: 'no right to read', requestId: null };
          return { kind: 'failed', error: { class: 'permission', ...error } };
        },
      }),
    });
    const { id } = await world.submit(aPlan([{ select: { name: '*' } }]));
    await world.drain();

    expect(await world.jobs.get(id)).toMatchObject({
      state: 'failed',
      total: 0,
      reason: expect.stringMatching(/^\/targets\/0\/select cannot be resolved: .*Forbidden\.RAM/),
    });
  });

  // Claim, work, page of connections, selections, resolutions, end of the region.
  it.each([1, 2, 3, 4, 5, 6])(
    'doubles nothing when its worker dies after call %i',
    async (atCall) => {
      await emptyAllTables(database);
      const world = await openVirtualWorld({ database, simulator: { inventory }, logger: silent });
      try {
        const { id } = await world.submit(aPlan([{ select: { tags: { env: 'prod' } } }]));
        const mortal = mortalWorker(world, { atCall, when: 'after', forMs: null });
        await Promise.race([world.drain(mortal.deps), mortal.stopped]);
        await world.drain();
        expect(mortal.hasStopped()).toBe(true);
        expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded', total: 3 });
        expect(await changedBy(world, id)).toEqual([
          '0 a succeeded',
          '1 c succeeded',
          '2 d succeeded',
        ]);
      } finally {
        world.forget();
        await world.close();
      }
    },
  );
});
