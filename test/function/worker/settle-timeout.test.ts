import { describe, expect, it } from 'vitest';
import { Plan } from '../../../shared/plan/schema.ts';
import type { WorkerDeps } from '../../../shared/worker/run-worker.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const minuteMs = 60_000;
const pollMs = 3_000;
/** A shorter limit than in production: what waits is looked at every three seconds, and every look costs the test time. */
const limitMs = 2 * minuteMs;
/** How long the cloud really takes. */
const settleMs = 4 * minuteMs;
const slow = { sim: `sim:settle=${settleMs}` };
const goOn = { onFailure: 'continue' };

function impatient(world: VirtualWorld): WorkerDeps {
  const worker = world.worker();
  return { ...worker, settings: { ...worker.settings, settleLimitMs: limitMs } };
}

/** Milliseconds from the acceptance of the first write. */
function sinceFirstWrite({ simulator }: VirtualWorld, at: string | null | undefined): number {
  const [first] = simulator.record.writes();
  return Date.parse(at ?? '') - (first?.acceptedAt ?? Number.NaN);
}

/** Lanes that somebody holds, or on which a change is begun. */
const inHands = `SELECT lane_key FROM lanekeeper.lane WHERE worker IS NOT NULL OR change_id IS NOT NULL`;

describe('a change that the cloud is not done with in time', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  it.each([
    { where: 'on a gateway', fleet: aFleet({ 'a@1': slow, 'b@1': {} }) },
    { where: 'on an attachment', fleet: aFleet({ a: slow }) },
  ])('fails with the reason, not before its limit and at the next look: $where', async (given) => {
    const world = await open({ simulator: { inventory: given.fleet } });

    const { id } = await world.submit(planOf(['a']));
    await world.drain(impatient(world));

    const [outcome] = await outcomesOf(world.jobs, id);
    const end = outcome?.events.at(-1);
    expect(outcome).toMatchObject({ state: 'failed', code: 'SettleTimeout', attempts: 1 });
    expect(end?.data.error).toMatchObject({
      class: 'timeout',
      message: expect.stringContaining('the cloud was not done after 2 minutes'),
    });
    expect(sinceFirstWrite(world, end?.at)).toBeGreaterThanOrEqual(limitMs);
    expect(sinceFirstWrite(world, end?.at)).toBeLessThanOrEqual(limitMs + minuteMs);
  });

  it('leaves the next one of its gateway waiting, without lane or slot, until the cloud is done', async () => {
    const inventory = aFleet({ 'a@1': slow, 'b@1': {}, 'c@1': {} });
    const world = await open({ simulator: { inventory } });

    const { id } = await world.submit(planOf(['a', 'b', 'c'], goOn));
    await world.drain(impatient(world), limitMs + minuteMs);
    const meanwhile = await outcomesOf(world.jobs, id);
    const held = await database.query(inHands);
    await world.drain(impatient(world));

    expect(meanwhile.map(({ state, code }) => [state, code])).toEqual([
      ['failed', 'SettleTimeout'],
      ['queued', 'Busy'],
      ['queued', null],
    ]);
    expect(held).toEqual([]);
    const [, next, last] = await outcomesOf(world.jobs, id);
    expect([next?.state, last?.state]).toEqual(['succeeded', 'succeeded']);
    expect(effectiveWrites(world)).toEqual(['a', 'b', 'c']);
    const second = world.simulator.record.writes().find(({ vpnConnectionId, effective }) => {
      return effective && vpnConnectionId === 'vco-b';
    });
    const wentOn = second?.acceptedAt ?? Number.NaN;
    const written = new Date(wentOn).toISOString();
    expect(sinceFirstWrite(world, written) - settleMs).toBeLessThanOrEqual(2 * pollMs);
    // Once it has seen the gateway busy it only reads.
    expect(world.simulator.record.refusals('VpnGateway.Configuring')).toBeLessThanOrEqual(1);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('is no move of the base for the next one of its connection, once the cloud is done', async () => {
    const world = await open({ simulator: { inventory: aFleet({ a: slow }) } });
    const targets = ['aes192', 'aes256'].map((IkeEncAlg) => ({
      regionId: region,
      vpnConnectionId: 'vco-a',
      set: { IkeConfig: { IkeEncAlg } },
    }));

    const { id } = await world.submit(Plan.parse({ title: 'twice', targets, ...goOn }));
    await world.drain(impatient(world), 20 * minuteMs);

    expect((await outcomesOf(world.jobs, id)).map(({ state, code }) => [state, code])).toEqual([
      ['failed', 'SettleTimeout'],
      // It needs as long itself.
      ['failed', 'SettleTimeout'],
    ]);
    expect(effectiveWrites(world)).toEqual(['a', 'a']);
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('gives its slot to the next lane of its job, though its own lane stays busy', async () => {
    const inventory = aFleet({ 'a@1': { sim: 'sim:never-settles' }, 'b@1': {}, c: {} });
    const world = await open({ simulator: { inventory } });

    const rollout = { concurrency: 1 };
    const { id } = await world.submit(planOf(['a', 'b', 'c'], { ...goOn, rollout }));
    await world.drain(impatient(world), limitMs + minuteMs);

    const [never, behind, elsewhere] = await outcomesOf(world.jobs, id);
    expect([never?.state, behind?.state, elsewhere?.state]).toEqual([
      'failed',
      'queued',
      'succeeded',
    ]);
    const ended = sinceFirstWrite(world, elsewhere?.events.at(-1)?.at);
    expect(ended).toBeLessThanOrEqual(limitMs + 2 * minuteMs);
  });
});
