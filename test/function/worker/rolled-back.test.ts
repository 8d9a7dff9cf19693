import { describe, expect, it } from 'vitest';
import { makeConnection } from '../../../local/simulator/defaults.ts';
import { createPgAcknowledgements } from '../../../shared/adapters/postgres/acknowledgements.ts';
import { createPgJobVerbs } from '../../../shared/adapters/postgres/job-verbs.ts';
import type { ChangeView } from '../../../shared/job/job-store.ts';
import { databaseKinds, withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import {
  adopting,
  aFleet,
  aPair,
  keysOf,
  outcomesOf,
  planOf,
  region,
  tunnelsWritten,
} from './fleet.ts';
import { aTellingSink } from './telling-sink.ts';
import { useWorlds } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const hourMs = 3_600_000;
const rotation = {
  set: undefined,
  rotatePsk: true,
  handover: { deliverTo: ['devices'] },
  verify: {},
};

function changesOf({ jobs }: VirtualWorld, jobId: string): Promise<readonly ChangeView[]> {
  return jobs.listChanges({ jobId, states: null, limit: 9, after: null });
}

function encryptionOf({ simulator }: VirtualWorld, name: string): string | undefined {
  return simulator.state.connection(region, `vco-${name}`).ike?.IkeEncAlg;
}

describe.each(databaseKinds)('taking a whole job back, on $kind', ({ withDatabase }) => {
  const database = withDatabase();
  const open = useWorlds(database);

  it('restores what succeeded changes replaced, in reverse order', async () => {
    const world = await open({
      simulator: { inventory: aFleet({ 'a@1': {}, 'b@1': {} }), settleMs },
    });
    const before = ['a', 'b'].map((name) => [...keysOf(world, name), encryptionOf(world, name)]);
    const { id } = await world.submit(planOf(['a', 'b']));
    await world.drain();
    expect(encryptionOf(world, 'a')).toBe('aes256');

    const back = await world.rollback(id);
    await world.drain();

    expect(await world.jobs.get(back.id)).toMatchObject({
      state: 'succeeded',
      title: 'Rollback of stronger algorithms',
      rollbackOf: id,
      total: 2,
    });
    expect(['a', 'b'].map((name) => [...keysOf(world, name), encryptionOf(world, name)])).toEqual(
      before,
    );
    const changes = await changesOf(world, back.id);
    expect(changes.map(({ vpnConnectionId }) => vpnConnectionId)).toEqual(['vco-b', 'vco-a']);
    expect(changes[0]?.diff).toContainEqual({ path: 'IkeConfig.Psk', from: '***', to: '***' });
  });

  it('takes several changes of one connection back, the last one first', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {} }), settleMs } });
    const before = encryptionOf(world, 'a');
    const targets = ['aes192', 'aes256'].map((IkeEncAlg) => {
      return { regionId: region, vpnConnectionId: 'vco-a', set: { IkeConfig: { IkeEncAlg } } };
    });
    const { id } = await world.submit(planOf([], { targets, set: undefined }));
    await world.drain();
    expect(encryptionOf(world, 'a')).toBe('aes256');

    const back = await world.rollback(id);
    await world.drain();

    expect(await outcomesOf(world.jobs, back.id)).toMatchObject([
      { state: 'succeeded', attempts: 1 },
      { state: 'succeeded', attempts: 1 },
    ]);
    expect(encryptionOf(world, 'a')).toBe(before);
  });

  it('leaves what holds values of somebody else, says so, and restores the rest', async () => {
    const inventory = aFleet({ 'a@1': {}, 'b@2': {}, 'c@3': {} });
    const world = await open({ simulator: { inventory, settleMs } });
    const before = encryptionOf(world, 'c');
    const { id } = await world.submit(planOf(['a', 'b', 'c']));
    await world.drain();
    const other = await world.submit(
      planOf(['b'], { set: { IkeConfig: { IkeEncAlg: 'aes192' } } }),
    );
    await world.drain();
    expect(await world.jobs.get(other.id)).toMatchObject({ state: 'succeeded' });

    const back = await world.rollback(id);
    await world.drain();

    expect(await outcomesOf(world.jobs, back.id)).toMatchObject([
      { state: 'succeeded' },
      { state: 'failed', code: 'ChangedElsewhere', attempts: 0 },
      { state: 'succeeded' },
    ]);
    expect(await world.jobs.get(back.id)).toMatchObject({ state: 'failed' });
    expect([encryptionOf(world, 'b'), encryptionOf(world, 'c')]).toEqual(['aes192', before]);
  });

  it('restores what it can where some keys are kept no longer, and says which', async () => {
    const inventory = aFleet({ 'a@1': {}, 'b@2': {} });
    const world = await open({ simulator: { inventory, settleMs } });
    const before = keysOf(world, 'b');
    const handover = { keepPreviousFor: 'PT1H' };
    const rollout = { concurrency: 1, batches: [1, '100%'], batchPause: 'first' };
    const { id } = await world.submit(planOf(['a', 'b'], { handover, rollout, onFailure: 'stop' }));
    await world.drain();
    await world.clock.sleep(hourMs);
    await createPgJobVerbs(database).order(id, 'resume', { actor: 'tester', reason: 'go on' });
    await world.drain();
    const set = keysOf(world, 'a');
    await world.lanes.eraseKeys();

    const back = await world.rollback(id);
    await world.drain();

    expect(await outcomesOf(world.jobs, back.id)).toMatchObject([
      { state: 'succeeded', code: null },
      { state: 'failed', code: 'RollbackExpired', attempts: 0 },
    ]);
    expect(await world.jobs.get(back.id)).toMatchObject({ state: 'failed' });
    expect([keysOf(world, 'a'), keysOf(world, 'b')]).toEqual([set, before]);
  });

  it('can be taken back itself', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {} }), settleMs } });
    const { id } = await world.submit(planOf(['a']));
    await world.drain();
    const set = keysOf(world, 'a');
    const back = await world.rollback(id);
    await world.drain();
    expect(keysOf(world, 'a')).not.toEqual(set);

    const forth = await world.rollback(back.id);
    await world.drain();

    expect(await world.jobs.get(forth.id)).toMatchObject({ state: 'succeeded' });
    expect(keysOf(world, 'a')).toEqual(set);
  });

  it('is refused before the end, without anything to restore, and once keys are kept no longer', async () => {
    const world = await open({ simulator: { inventory: aFleet({ 'a@1': {} }), settleMs } });
    const handover = { keepPreviousFor: 'PT1H' };
    const { id } = await world.submit(planOf(['a'], { handover }));
    await expect(world.rollback(id)).rejects.toMatchObject({ code: 'conflict' });
    await world.drain();
    const same = await world.submit(planOf(['a'], { handover }));
    await world.drain();
    await expect(world.rollback(same.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.rollback('job_none')).rejects.toMatchObject({ code: 'not_found' });

    await world.clock.sleep(hourMs);
    await world.lanes.eraseKeys();

    await expect(world.rollback(id)).rejects.toMatchObject({ code: 'rollback_expired' });
  });
});

describe('taking a rotation back', () => {
  const open = useWorlds(withPostgres());

  it('hands the old keys over and proves them, one tunnel after the other', async () => {
    const sink = aTellingSink();
    const ids = ['tun-a1', 'tun-a2'];
    const inventory = adopting(aFleet({ 'a@1': aPair('a') }), { kind: 'onDelivery' }, ids);
    const simulator = { inventory, settleMs, handshakeMs: 2_000 };
    const world = await open({ simulator, sinks: sink.sinks });
    sink.tells(world.simulator);
    const before = keysOf(world, 'a');
    const { id } = await world.submit(planOf(['a'], rotation));
    await world.drain();
    sink.calls.length = 0;

    const back = await world.rollback(id);
    await world.drain();

    expect(await outcomesOf(world.jobs, back.id)).toMatchObject([
      { state: 'succeeded', code: null, attempts: 2 },
    ]);
    expect(keysOf(world, 'a')).toEqual(before);
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1', 'a2', 'a1']);
    expect(sink.calls).toEqual([
      'deliver .tun-a2',
      'promote .tun-a2',
      'deliver .tun-a1',
      'promote .tun-a1',
    ]);
    expect([sink.keys.get('.tun-a1'), sink.keys.get('.tun-a2')]).toEqual(before);
    expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
  });
});

describe('a change that is refuted after its end', { timeout: 30_000 }, () => {
  const database = withPostgres();
  const open = useWorlds(database);

  async function aWorld(names: readonly string[] = ['a']) {
    const sink = aTellingSink();
    // The SAs of before are over in an hour: longer than a proof may take.
    const short = {
      ike: {
        ...makeConnection({ regionId: region, id: 'x', customerGatewayId: 'x' }).ike,
        IkeLifetime: 3_600,
      },
    };
    const fleet = aFleet(Object.fromEntries(names.map((name) => [name, short])));
    const inventory = adopting(fleet, { kind: 'never' }, ['vco-a']);
    const simulator = { inventory, settleMs, handshakeMs: 2_000 };
    const world = await open({ simulator, sinks: sink.sinks });
    sink.tells(world.simulator);
    return { world, sink };
  }

  it('is taken back under rollback by a job of its own, once', async () => {
    const { world } = await aWorld();
    const before = keysOf(world, 'a');
    const { id } = await world.submit(planOf(['a'], { ...rotation, onFailure: 'rollback' }));
    await world.drain(world.worker(), hourMs / 2);
    expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded', reason: null });

    await world.drain(world.worker(), 6 * hourMs);

    const [back, old, ...others] = await world.jobs.list({ states: null, limit: 9, before: null });
    expect(others).toEqual([]);
    expect(back).toMatchObject({ rollbackOf: id, createdBy: 'tester', state: 'succeeded' });
    expect(old?.reason).toMatch(/^1 of its changes turned out/);
    expect(keysOf(world, 'a')).toEqual(before);
    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded', code: 'TunnelDown' });
    expect(outcome?.kinds.slice(-2)).toEqual(['verdict', 'taken_back']);
    const [change] = await changesOf(world, id);
    if (change === undefined) throw new Error('the change');
    // Whoever died after the job was submitted, and before that was written down, finds the same one.
    expect(await world.worker().takeBack(change)).toEqual({ kind: 'submitted', jobId: back?.id });
    expect(await world.jobs.list({ states: null, limit: 9, before: null })).toHaveLength(2);
    expect(world.simulator.state.connection(region, 'vco-a').status).toBe('ipsec_sa_established');
  });

  it('is told and left under stop', async () => {
    const { world } = await aWorld();
    const { id } = await world.submit(planOf(['a'], rotation));

    await world.drain(world.worker(), 6 * hourMs);

    expect(await world.jobs.list({ states: null, limit: 9, before: null })).toHaveLength(1);
    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'succeeded', code: 'TunnelDown' });
    expect(outcome?.kinds.at(-1)).toBe('verdict');
  });

  it('counts as an error of its job while that still runs', async () => {
    const { world } = await aWorld(['a', 'b']);
    const handover = {
      deliverTo: ['devices'],
      requireAcknowledgement: true,
      acknowledgeWithin: 'P3D',
    };
    const targets = [
      { regionId: region, vpnConnectionId: 'vco-a', rotatePsk: true },
      { regionId: region, vpnConnectionId: 'vco-b', rotatePsk: true },
    ];
    const { id } = await world.submit(planOf([], { ...rotation, targets, handover }));
    await world.drain(world.worker(), 60_000);
    const [first] = await changesOf(world, id);
    const of = { jobId: id, changeId: first?.id ?? '' };
    await createPgAcknowledgements(database).acknowledge(of, null, 'tester');
    await world.drain(world.worker(), 6 * hourMs);

    expect(await outcomesOf(world.jobs, id)).toMatchObject([
      { state: 'succeeded', code: 'TunnelDown' },
      { state: 'cancelled' },
    ]);
    expect(await world.jobs.get(id)).toMatchObject({ state: 'failed' });
  });

  it('says nothing any more once something else was set', async () => {
    const { world, sink } = await aWorld();
    const { id } = await world.submit(planOf(['a'], { ...rotation, onFailure: 'rollback' }));
    await world.drain(world.worker(), hourMs / 2);
    const back = await world.rollback(id);

    await world.drain(world.worker(), 6 * hourMs);

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome?.kinds.slice(-2)).toEqual(['superseded', 'withdrawn']);
    const [change] = await changesOf(world, id);
    expect(change?.verdict).toBe('latent');
    expect(await world.jobs.list({ states: null, limit: 9, before: null })).toHaveLength(2);
    expect(await world.jobs.get(back.id)).toMatchObject({ state: 'succeeded' });
    expect(sink.calls).toContain('withdraw ');
  });
});
