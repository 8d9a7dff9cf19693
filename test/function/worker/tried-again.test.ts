import { describe, expect, it } from 'vitest';
import type { Adoption } from '../../../local/simulator/shapes.ts';
import { createPgChangeVerbs } from '../../../shared/adapters/postgres/change-verbs.ts';
import type { ChangeView } from '../../../shared/job/job-store.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, aPair, outcomesOf, planOf, region, tunnelsWritten } from './fleet.ts';
import { aTellingSink } from './telling-sink.ts';
import { useWorlds } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const minuteMs = 60_000;

describe('a rotation that is tried again', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  /** A rotation of `a`, beside a change that never settles: jobs that have ended are tried again as a whole. */
  async function aRotation(
    a: Parameters<typeof aFleet>[0][string],
    adoptions: Readonly<Record<string, Adoption>>,
    handover: Record<string, unknown> = {},
  ) {
    const sink = aTellingSink();
    const fleet = aFleet({ 'a@1': a, 'z@2': { sim: 'sim:never-settles' } });
    const world = await open({
      simulator: { inventory: { ...fleet, adoptions }, settleMs, handshakeMs: 2_000 },
      sinks: sink.sinks,
    });
    sink.tells(world.simulator);
    const targets = [
      { regionId: region, vpnConnectionId: 'vco-a', rotatePsk: true },
      { regionId: region, vpnConnectionId: 'vco-z', set: { Name: 'open' } },
    ];
    const plan = planOf([], {
      targets,
      set: undefined,
      handover: { deliverTo: ['devices'], ...handover },
      onFailure: 'continue',
      verify: {},
    });
    return { world, sink, id: (await world.submit(plan)).id };
  }

  async function changeOf({ jobs }: VirtualWorld, jobId: string): Promise<ChangeView> {
    const [change] = await jobs.listChanges({ jobId, states: null, limit: 1, after: null });
    return change ?? expect.unreachable();
  }

  async function tryAgain(world: VirtualWorld, jobId: string): Promise<void> {
    const { id: changeId } = await changeOf(world, jobId);
    const order = { actor: 'ops', reason: 'mended' };
    const outcome = await world.clock.track(() =>
      createPgChangeVerbs(database).order({ jobId, changeId }, 'retry', order),
    );
    expect(outcome.kind).toBe('done');
  }

  it('hands the same key over anew where it was withdrawn', async () => {
    const { world, sink, id } = await aRotation(
      {},
      { 'vco-a': { kind: 'onDelivery' } },
      { requireAcknowledgement: true, acknowledgeWithin: 'PT1M' },
    );
    await world.drain(world.worker(), 5 * minuteMs);
    const failed = await changeOf(world, id);
    const key = sink.keys.get('');
    sink.answers({ kind: 'acknowledged' });

    await tryAgain(world, id);
    await world.drain(world.worker(), 5 * minuteMs);

    expect(failed).toMatchObject({ state: 'failed', lastError: { code: 'NotAcknowledged' } });
    expect(await changeOf(world, id)).toMatchObject({ state: 'succeeded', verdict: 'proved' });
    expect(sink.calls).toEqual(['deliver ', 'withdraw ', 'deliver ', 'promote ']);
    expect(sink.keys.get('')).toBe(key);
    expect(world.simulator.state.connection(region, 'vco-a').ike?.Psk).toBe(key);
  });

  it('proves the key that stands, once the device was mended, and makes it the current one', async () => {
    const { world, sink, id } = await aRotation({}, { 'vco-a': { kind: 'wrongly' } });
    await world.drain(world.worker(), 7 * minuteMs);
    const failed = await changeOf(world, id);
    const tunnel = world.simulator.state.tunnel(region, 'vco-a', null);
    tunnel.behave({ kind: 'onDelivery' });
    tunnel.deliver({ ike: { Psk: sink.keys.get('') ?? '' } });

    await tryAgain(world, id);
    await world.drain(world.worker(), 7 * minuteMs);

    expect(failed).toMatchObject({ state: 'failed', lastError: { code: 'TunnelDown' } });
    const change = await changeOf(world, id);
    expect(change).toMatchObject({ state: 'succeeded', verdict: 'proved', lastError: null });
    expect(Object.keys(change.sealedPreviousKeys)).toEqual(['IkeConfig.Psk']);
    expect(sink.calls).toEqual(['deliver ', 'promote ']);
    expect(tunnelsWritten(world)).toHaveLength(2);
    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome?.kinds.slice(-4)).toEqual(['proving', 'verdict', 'promoted', 'finished']);
  });

  it('proves the tunnel that was refuted before it turns to the other one', async () => {
    const { world, sink, id } = await aRotation(aPair('a'), {
      'tun-a1': { kind: 'onDelivery' },
      'tun-a2': { kind: 'wrongly' },
    });
    await world.drain(world.worker(), 7 * minuteMs);
    const failed = await changeOf(world, id);
    const tunnel = world.simulator.state.tunnel(region, 'vco-a', 'tun-a2');
    tunnel.behave({ kind: 'onDelivery' });
    tunnel.deliver({ ike: { Psk: sink.keys.get('.tun-a2') ?? '' } });

    await tryAgain(world, id);
    await world.drain(world.worker(), 7 * minuteMs);

    expect(failed).toMatchObject({ state: 'failed', lastError: { code: 'TunnelDown' } });
    const change = await changeOf(world, id);
    expect(change).toMatchObject({ state: 'succeeded', verdict: 'proved' });
    expect(change.tunnels.map(({ verdict }) => verdict)).toEqual(['proved', 'proved']);
    expect(sink.calls).toEqual([
      'deliver .tun-a2',
      'promote .tun-a2',
      'deliver .tun-a1',
      'promote .tun-a1',
    ]);
  });
});

describe('a change that waits behind one that fails', () => {
  const open = useWorlds(withPostgres());

  it.each([
    ['with its key refuted', {}, { 'vco-a': { kind: 'wrongly' } }, 'TunnelDown'],
    [
      'half done',
      aPair('a'),
      { 'tun-a1': { kind: 'wrongly' }, 'tun-a2': { kind: 'onDelivery' } },
      'TunnelDown',
    ],
  ] as const)('finds what that left to be our own: %s', async (_, a, adoptions, code) => {
    const sink = aTellingSink();
    const inventory = { ...aFleet({ 'a@1': a }), adoptions };
    const simulator = { inventory, settleMs, handshakeMs: 2_000 };
    const world = await open({ simulator, sinks: sink.sinks });
    sink.tells(world.simulator);
    const rotation = { set: undefined, rotatePsk: true, handover: { deliverTo: ['devices'] } };
    const first = await world.submit(planOf(['a'], { ...rotation, verify: {} }));
    const second = await world.submit(planOf(['a'], { set: { Name: 'afterwards' } }));
    await world.drain();

    expect(await outcomesOf(world.jobs, first.id)).toMatchObject([{ state: 'failed', code }]);
    expect(await outcomesOf(world.jobs, second.id)).toMatchObject([
      { state: 'succeeded', code: null },
    ]);
  });
});
