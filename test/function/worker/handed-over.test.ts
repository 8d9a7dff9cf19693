import { describe, expect, it } from 'vitest';
import { createPgAcknowledgements } from '../../../shared/adapters/postgres/acknowledgements.ts';
import type { ChangeView } from '../../../shared/job/job-store.ts';
import type { DeliveredValues, Sink } from '../../../shared/sink/sink.ts';
import { withPostgres } from '../../helpers/databases.ts';
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
import { later, useWorlds } from './worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };
const handshakeMs = 2_000;
const minuteMs = 60_000;
const ids = ['tun-a1', 'tun-a2'];

async function changeOf({ jobs }: VirtualWorld, jobId: string): Promise<ChangeView> {
  const [change] = await jobs.listChanges({ jobId, states: null, limit: 1, after: null });
  if (change === undefined) throw new Error(`${jobId} has no change`);
  return change;
}

describe('agreed values that are no keys', () => {
  const open = useWorlds(withPostgres());

  it('are handed over as keys are, and proved, one tunnel after the other', async () => {
    const delivered: [string | null, DeliveredValues][] = [];
    const calls: string[] = [];
    const done = async () => ({ kind: 'done' }) as const;
    const sink: Sink = {
      async deliver({ tunnelId }, values) {
        delivered.push([tunnelId, values]);
        calls.push(`deliver ${tunnelId}`);
        return { kind: 'delivered' };
      },
      promote: ({ tunnelId }) => {
        calls.push(`promote ${tunnelId}`);
        return done();
      },
      withdraw: done,
    };
    const inventory = aFleet({ 'a@1': aPair('a') });
    const world = await open({
      simulator: { inventory, settleMs, handshakeMs },
      sinks: new Map([['devices', sink]]),
    });
    const set = {
      IkeConfig: { IkeEncAlg: 'aes256', IkePfs: 'group14' },
      IpsecConfig: { IpsecAuthAlg: 'sha256' },
      TunnelOptionsSpecification: [
        { Role: 'slave', TunnelIkeConfig: { LocalId: 'standby.example.com' } },
      ],
    };
    const handover = { deliverTo: ['devices'] };

    const { id } = await world.submit(planOf(['a'], { set, handover, verify: {} }));
    await world.drain();

    expect(await outcomesOf(world.jobs, id)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
    expect((await changeOf(world, id)).verdict).toBe('proved');
    const both = {
      'IkeConfig.IkeEncAlg': 'aes256',
      'IkeConfig.IkePfs': 'group14',
      'IpsecConfig.IpsecAuthAlg': 'sha256',
    };
    expect(delivered).toEqual([
      ['tun-a2', { ...both, 'IkeConfig.LocalId': 'standby.example.com' }],
      ['tun-a1', both],
    ]);
    expect(calls).toEqual(['deliver tun-a2', 'promote tun-a2', 'deliver tun-a1', 'promote tun-a1']);
    expect(tunnelsWritten(world)).toEqual(['a2', 'a1']);
    expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
  });
});

describe('acknowledgement on a pair', { timeout: 40_000 }, () => {
  const database = withPostgres();
  const open = useWorlds(database);
  const handover = {
    deliverTo: ['devices'],
    requireAcknowledgement: true,
    acknowledgeWithin: 'PT12H',
  };

  async function aWorld() {
    const sink = aTellingSink();
    const inventory = adopting(aFleet({ 'a@1': aPair('a') }), { kind: 'onDelivery' }, ids);
    const simulator = { inventory, settleMs, handshakeMs };
    const world = await open({ simulator, sinks: sink.sinks });
    sink.tells(world.simulator);
    return { world, sink };
  }

  /** What became of a job by the word for each of its tunnels, given one after the other. */
  async function wordByWord(world: VirtualWorld, jobId: string) {
    const { id: changeId } = await changeOf(world, jobId);
    const acknowledgements = createPgAcknowledgements(database);
    const seen: { state: string; written: string }[] = [];
    const note = async (): Promise<void> => {
      await world.drain(world.worker(), 20 * minuteMs);
      const { state } = await changeOf(world, jobId);
      seen.push({ state, written: tunnelsWritten(world).join(' ') });
    };
    await note();
    for (const tunnelId of ['tun-a2', 'tun-a1']) {
      await acknowledgements.acknowledge({ jobId, changeId }, tunnelId, 'tester');
      await note();
    }
    return seen;
  }

  it('is waited for with each tunnel, on the way forth and back', async () => {
    const { world, sink } = await aWorld();
    const before = keysOf(world, 'a');
    const plan = { set: undefined, rotatePsk: true, handover, verify: {} };
    const { id } = await world.submit(planOf(['a'], plan));

    expect(await wordByWord(world, id)).toEqual([
      { state: 'delivering', written: '' },
      { state: 'delivering', written: 'a2' },
      { state: 'succeeded', written: 'a2 a1' },
    ]);
    const oneByOne = ['deliver .tun-a2', 'promote .tun-a2', 'deliver .tun-a1', 'promote .tun-a1'];
    expect(sink.calls).toEqual(oneByOne);

    const back = await world.rollback(id);

    expect(await wordByWord(world, back.id)).toEqual([
      { state: 'delivering', written: 'a2 a1' },
      { state: 'delivering', written: 'a2 a1 a2' },
      { state: 'succeeded', written: 'a2 a1 a2 a1' },
    ]);
    expect(sink.calls).toEqual([...oneByOne, ...oneByOne]);
    expect(keysOf(world, 'a')).toEqual(before);
  });

  it('for one tunnel is none for the other, whose key has not left', async () => {
    const { world, sink } = await aWorld();
    const plan = { set: undefined, rotatePsk: true, handover, verify: {} };
    const { id: jobId } = await world.submit(planOf(['a'], plan));
    await world.drain(world.worker(), minuteMs);
    const { id: changeId } = await changeOf(world, jobId);

    const outcome = await createPgAcknowledgements(database).acknowledge(
      { jobId, changeId },
      'tun-a1',
      'tester',
    );
    await world.drain(world.worker(), minuteMs);

    expect(outcome.kind).toBe('conflict');
    expect(sink.calls).toEqual(['deliver .tun-a2']);
    expect(tunnelsWritten(world)).toEqual([]);
  });
});

describe('a change that goes back by itself', () => {
  const open = useWorlds(withPostgres());

  it('leaves what somebody else set meanwhile, and says so', async () => {
    const sink = aTellingSink();
    const inventory = adopting(aFleet({ 'a@1': {} }), { kind: 'wrongly' }, ['vco-a']);
    const simulator = { inventory, settleMs, handshakeMs };
    const world = await open({ simulator, sinks: sink.sinks });
    sink.tells(world.simulator);
    const theirs = { ...world.simulator.state.connection(region, 'vco-a').ike, Psk: 'theirs1234' };
    // After it was settled, and before it is refuted.
    later(world, 2 * minuteMs, () =>
      world.simulator.state.tamper(region, 'vco-a', { ike: theirs }, { settleMs: 0 }),
    );
    const plan = {
      set: undefined,
      rotatePsk: true,
      handover: { deliverTo: ['devices'] },
      verify: {},
      onFailure: 'rollback',
    };

    const { id } = await world.submit(planOf(['a'], plan));
    await world.drain();

    const [outcome] = await outcomesOf(world.jobs, id);
    expect(outcome).toMatchObject({ state: 'failed', code: 'ChangedElsewhere', attempts: 1 });
    expect(outcome?.kinds).toContain('reverting');
    expect(keysOf(world, 'a')).toEqual(['theirs1234']);
    expect(await world.jobs.get(id)).toMatchObject({ state: 'failed' });
  });
});
