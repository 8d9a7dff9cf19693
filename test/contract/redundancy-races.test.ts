import { describe, expect, it } from 'vitest';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createPgResolveStore } from '../../shared/adapters/postgres/resolve-store.ts';
import type { Resolution } from '../../shared/lane/lane-store.ts';
import { withPostgres } from '../helpers/databases.ts';
import { found, laneOf } from '../helpers/factories-store.ts';
import { handOf, leaseSeconds, next, openWorld, stepOf } from './lane-store-world.ts';
import { pausable } from './pausable.ts';
import { inGroups, leadingTo } from './redundancy-contract.ts';

/** Two jobs that back each other up, on a real server: one stands before its commit while the other comes. */
describe('redundancy between two jobs', () => {
  const database = withPostgres();
  const world = openWorld(database);
  const a = 'a@1';
  const b = 'b@2';

  async function accept(
    target: string,
  ): Promise<{ jobId: string; answer(id: string): Resolution }> {
    const jobId = await world.accept([target], { settings: inGroups });
    const leadsTo = leadingTo('1.1.1.1');
    const answer = (id: string): Resolution => {
      const seen = found({ id }, laneOf(target));
      return seen.kind === 'found' ? { ...seen, leadsTo } : seen;
    };
    return { jobId, answer };
  }

  async function release(target: string): Promise<void> {
    const { answer } = await accept(target);
    await world.resolve({ answer });
  }

  /** Whether somebody waits for a lock before this is over. */
  async function waits(work: Promise<unknown>): Promise<boolean> {
    let isOver = false;
    work
      .catch(() => undefined)
      .finally(() => {
        isOver = true;
      });
    while (!isOver) {
      const rows = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (rows.length > 0) return true;
    }
    return false;
  }

  it('lets one of two starts in the same instant wait for the other', async () => {
    await release(a);
    await release(b);
    const slow = pausable(database);
    const claimer = world.hand('one');
    const lanes = (await claimer.claim()).filter(({ laneKey }) => laneKey.startsWith('gateway:'));
    const [first, second] = lanes;
    if (!first || !second) throw new Error('two lanes should be due');
    const one = handOf({ lanes: createPgLaneStore(slow.database) }, 'one').next(first);
    await slow.reached;
    const two = handOf({ lanes: createPgLaneStore(await database.another()) }, 'two').next(second);
    const hasWaited = await waits(two);
    slow.letGo();

    expect((await one).change).not.toBeNull();
    expect((await two).change).toBeNull();
    expect(hasWaited).toBe(true);
  });

  it('wakes a lane whose companion ends just as it is found in flight', async () => {
    await release(a);
    await release(b);
    const hand = world.hand('one');
    const [first, second] = (await hand.claim()).filter(({ laneKey }) =>
      laneKey.startsWith('gateway:'),
    );
    if (!first || !second) throw new Error('two lanes should be due');
    const begun = await hand.next(first);
    const slow = pausable(database);
    const held = handOf({ lanes: createPgLaneStore(slow.database) }, 'one').next(second);
    await slow.reached;
    const ending = createPgLaneStore(await database.another()).record(
      [stepOf(begun, 'succeeded', next, { step: null })],
      { worker: 'one', leaseSeconds },
    );
    await waits(ending);
    slow.letGo();
    await Promise.all([held, ending]);
    const later = (await hand.claim()).map(({ laneKey }) => laneKey);

    expect((await held).change).toBeNull();
    expect(later).toContain(second.laneKey);
  });

  it('lets a release wait for a start of what it backs up, and be heard of by the next', async () => {
    await release(a);
    const { jobId, answer } = await accept(b);
    const hand = world.hand('one');
    const lane = await hand.take('1');
    const region = await hand.take('region:cn-hangzhou');
    const work = await world.resolving.nextInRegion('cn-hangzhou');
    const changes = work?.changes ?? [];
    await world.resolving.saveResolutions(
      region,
      jobId,
      changes.map(({ id }) => answer(id)),
    );
    const slow = pausable(database);
    const starting = handOf({ lanes: createPgLaneStore(slow.database) }, 'one').next(lane);
    await slow.reached;
    const part = { jobId, regionId: 'cn-hangzhou' };
    const other = createPgResolveStore(await database.another());
    const releasing = other.finishRegion(region, part, () => 'digest');
    const hasWaited = await waits(releasing);
    slow.letGo();
    await Promise.all([starting, releasing]);
    const second = await hand.next(await hand.take('2'));

    expect(hasWaited).toBe(true);
    expect((await starting).change?.vpnConnectionId).toBe('a');
    expect(second.change).toBeNull();
  });
});
