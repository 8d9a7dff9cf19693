import { describe, expect, it } from 'vitest';
import type { Adoption, Inventory } from '../../../local/simulator/shapes.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, aPair, outcomesOf, planOf, region, tunnelsWritten } from './fleet.ts';
import { aTellingSink } from './telling-sink.ts';
import { useWorlds } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const rotation = {
  set: undefined,
  rotatePsk: true,
  handover: { deliverTo: ['devices'] },
  verify: {},
};

function aFleetOf(
  connections: Parameters<typeof aFleet>[0],
  adoption: Adoption,
  ids: readonly string[],
): Inventory {
  const adoptions = Object.fromEntries(ids.map((id) => [id, adoption]));
  return { ...aFleet(connections), adoptions };
}

function keysOf({ simulator }: VirtualWorld, name: string): (string | undefined)[] {
  const { tunnels, ike } = simulator.state.connection(region, `vco-${name}`);
  return tunnels.length === 0 ? [ike?.Psk] : tunnels.map((tunnel) => tunnel.ike.Psk);
}

describe('rotating the keys of a dual-tunnel connection', () => {
  const open = useWorlds(withPostgres());

  async function aWorld(adoption: Adoption) {
    const sink = aTellingSink();
    const inventory = aFleetOf({ 'a@1': aPair('a') }, adoption, ['tun-a1', 'tun-a2']);
    const options = { simulator: { inventory, settleMs, handshakeMs: 2_000 }, sinks: sink.sinks };
    const world = await open(options);
    sink.tells(world.simulator);
    return { world, sink };
  }

  it.each<Adoption>([
    { kind: 'follows' },
    { kind: 'onDelivery' },
    { kind: 'late', afterMs: 60_000 },
  ])(
    'hands over, changes and proves one tunnel after the other, with peers of kind $kind',
    async (adoption) => {
      const { world, sink } = await aWorld(adoption);
      const before = keysOf(world, 'a');

      const { id } = await world.submit(planOf(['a'], rotation));
      await world.drain();

      const [outcome] = await outcomesOf(world.jobs, id);
      expect(outcome).toMatchObject({ state: 'succeeded', code: null, attempts: 2 });
      expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
      expect(sink.calls).toEqual([
        'deliver .tun-a2',
        'promote .tun-a2',
        'deliver .tun-a1',
        'promote .tun-a1',
      ]);
      const after = keysOf(world, 'a');
      expect(after).toEqual([sink.keys.get('.tun-a1'), sink.keys.get('.tun-a2')]);
      expect(new Set([...before, ...after]).size).toBe(before[0] === before[1] ? 3 : 4);
      expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
    },
  );
});

describe('rotating the keys of a pair again before the other side has shown the last ones', () => {
  const open = useWorlds(withPostgres());

  it('turns to the tunnel first that the change before left latent', async () => {
    const sink = aTellingSink();
    const adoptions: Record<string, Adoption> = {
      'tun-a1': { kind: 'late', afterMs: 345_000 },
      'tun-a2': { kind: 'onDelivery' },
    };
    const inventory = { ...aFleet({ 'a@1': aPair('a') }), adoptions };
    const options = { simulator: { inventory, settleMs, handshakeMs: 2_000 }, sinks: sink.sinks };
    const world = await open(options);
    sink.tells(world.simulator);
    const first = await world.submit(planOf(['a'], rotation));
    await world.drain(world.worker(), 355_000);
    const query = { jobId: first.id, states: null, limit: 1, after: null };
    expect((await world.jobs.listChanges(query))[0]).toMatchObject({
      state: 'succeeded',
      verdict: 'latent',
    });

    // Its device takes over the first key while the second one is on its way, and is down until it has that too.
    const patient = { ...rotation, verify: { timeoutSeconds: 900 } };
    const { id } = await world.submit(planOf(['a'], patient));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'succeeded' });
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1', 'a1', 'a2']);
    expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
  });
});

// Days of watching pass in some of these.
describe('a key that the other side does not take', { timeout: 60_000 }, () => {
  const open = useWorlds(withPostgres());

  async function aWorld(adoption: Adoption, name: 'a' | 'a@1', isPair: boolean) {
    const sink = aTellingSink();
    const ids = isPair ? ['tun-a1', 'tun-a2'] : ['vco-a'];
    const inventory = aFleetOf({ [name]: isPair ? aPair('a') : {} }, adoption, ids);
    const options = { simulator: { inventory, settleMs, handshakeMs: 2_000 }, sinks: sink.sinks };
    const world = await open(options);
    sink.tells(world.simulator);
    return { world, sink };
  }

  it('is taken back, and the old one delivered and proved, before the other tunnel is touched', async () => {
    const { world, sink } = await aWorld({ kind: 'wrongly' }, 'a@1', true);
    const before = keysOf(world, 'a');

    const { id } = await world.submit(planOf(['a'], { ...rotation, onFailure: 'rollback' }));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'rolled_back', code: 'TunnelDown' });
    expect(tunnelsWritten(world)).toEqual(['a2', 'a2']);
    expect(keysOf(world, 'a')).toEqual(before);
    expect(sink.calls).toEqual([
      'deliver .tun-a2',
      'deliver .tun-a2.back',
      'promote .tun-a2.back',
      'withdraw .tun-a2',
    ]);
    expect(sink.keys.get('.tun-a2.back')).toBe(before[1]);
    expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
  });

  it('stays where the plan says so, and the change fails with the diagnosis', async () => {
    const { world, sink } = await aWorld({ kind: 'wrongly' }, 'a@1', true);

    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'failed', code: 'TunnelDown' });
    expect(tunnelsWritten(world)).toEqual(['a2']);
    // What the cloud has is not withdrawn: whoever mends the other side needs it.
    expect(sink.calls).toEqual(['deliver .tun-a2']);
    const [change] = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 1,
      after: null,
    });
    expect(change?.verdict).toBe('refuted');
    expect(change?.lastError?.message).toContain('PeerMismatch');
  });

  it('is latent while the old SA stands, and the other tunnel waits for it', async () => {
    const { world } = await aWorld({ kind: 'never' }, 'a@1', true);

    const { id } = await world.submit(planOf(['a'], { ...rotation, onFailure: 'rollback' }));
    await world.drain(world.worker(), 3_600_000);
    const [waiting] = await world.jobs.listChanges({
      jobId: id,
      states: null,
      limit: 1,
      after: null,
    });
    expect(waiting).toMatchObject({ state: 'verifying', verdict: 'latent' });
    expect(tunnelsWritten(world)).toEqual(['a2']);

    await world.drain(world.worker(), 2 * 86_400_000);
    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'rolled_back' });
    expect(tunnelsWritten(world)).toEqual(['a2', 'a2']);
    expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
  });

  it('lets a single-tunnel change end as latent, and the verdict changes later', async () => {
    const { world, sink } = await aWorld({ kind: 'never' }, 'a', false);

    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain(world.worker(), 3_600_000);
    const query = { jobId: id, states: null, limit: 1, after: null };
    expect((await world.jobs.listChanges(query))[0]).toMatchObject({
      state: 'succeeded',
      verdict: 'latent',
    });
    expect(sink.calls).toEqual(['deliver ']);

    world.simulator.state.tunnel(region, 'vco-a', null).behave({ kind: 'follows' });
    await world.drain(world.worker(), 2 * 86_400_000);
    expect((await world.jobs.listChanges(query))[0]).toMatchObject({
      state: 'succeeded',
      verdict: 'proved',
    });
    expect(sink.calls).toEqual(['deliver ', 'promote ']);
  });
});

describe('handing a key over', () => {
  const open = useWorlds(withPostgres());
  const refusal = { code: 'Refused', message: 'no', requestId: null };

  async function aWorld() {
    const sink = aTellingSink();
    const inventory = aFleetOf({ 'a@1': aPair('a'), 'b@1': {} }, { kind: 'onDelivery' }, [
      'tun-a1',
      'tun-a2',
    ]);
    const world = await open({ simulator: { inventory, settleMs }, sinks: sink.sinks });
    sink.tells(world.simulator);
    return { world, sink };
  }

  it('that a sink refuses fails the change before the cloud is touched', async () => {
    const { world, sink } = await aWorld();
    sink.answers({ kind: 'failed', error: { ...refusal, isRetryable: false } });

    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain();

    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'SinkFailed',
    });
    expect(tunnelsWritten(world)).toEqual([]);
    // Nobody knows what became of a delivery that failed: it may have been received.
    expect(sink.calls).toEqual(['deliver .tun-a2', 'withdraw .tun-a2']);
  });

  it('is tried again with the same key where a sink fails for now', async () => {
    const { world, sink } = await aWorld();
    const failed = { kind: 'failed', error: { ...refusal, isRetryable: true } } as const;
    sink.answers(failed, failed, failed);

    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded' });
    expect(outcome?.kinds.filter((kind) => kind === 'keys_made')).toHaveLength(1);
    expect(sink.calls.filter((call) => call === 'deliver .tun-a2')).toHaveLength(4);
  });

  it('waits for an acknowledgement without lane or slot, and fails with the cloud untouched when none comes', async () => {
    const { world, sink } = await aWorld();
    const handover = {
      deliverTo: ['devices'],
      requireAcknowledgement: true,
      acknowledgeWithin: 'PT30M',
    };

    const rollout = { concurrency: 1 };
    const { id } = await world.submit(planOf(['a'], { ...rotation, handover, rollout }));
    const other = await world.submit(planOf(['b'], { set: { Name: 'other' }, rollout }));
    await world.drain(world.worker(), 600_000);
    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({ state: 'delivering' });
    expect((await outcomesOf(world.jobs, other.id))[0]).toMatchObject({ state: 'succeeded' });

    await world.drain();
    expect((await outcomesOf(world.jobs, id))[0]).toMatchObject({
      state: 'failed',
      code: 'NotAcknowledged',
    });
    expect(tunnelsWritten(world)).toEqual(['-']);
    expect(sink.calls).toEqual(['deliver .tun-a2', 'withdraw .tun-a2']);
  });
});
