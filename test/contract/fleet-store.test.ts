import { describe, expect, it } from 'vitest';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import {
  createPgFleetStore,
  createPgTallyStore,
} from '../../shared/adapters/postgres/fleet-store.ts';
import type { BudgetScope } from '../../shared/budget/api-budget.ts';
import { previewPart } from '../../shared/preview/inventory-api.ts';
import { databaseKinds } from '../helpers/databases.ts';
import { leaseSeconds, openWorld, stepOf } from './lane-store-world.ts';

const limits = { readsPerMinute: 40, writesPerMinute: 10 };
const write: BudgetScope = { regionId: 'cn-hangzhou', action: 'ModifyVpnConnectionAttribute' };
const read: BudgetScope = { regionId: 'cn-hangzhou', action: 'DescribeVpnConnections' };

describe.each(databaseKinds)("the fleet's numbers, $kind", ({ withDatabase }) => {
  const world = openWorld(withDatabase());
  const fleet = createPgFleetStore(world.database, limits);
  const tallies = createPgTallyStore(world.database);

  it('are zero where there is nothing', async () => {
    const { jobs, changes, ...rest } = await fleet.read();

    expect(Object.values(jobs).concat(Object.values(changes))).toEqual(Array(20).fill(0));
    expect(rest).toEqual({
      lanes: { due: 0, leased: 0, waiting: 0, parked: 0 },
      waiting: { total: 0, longest: 0 },
      queueAgeSeconds: 0,
      budgets: [],
      tallies: [],
    });
  });

  it('count jobs and changes by their states', async () => {
    await world.accept(['x@gw-x', 'y@gw-y']);
    expect(await fleet.read()).toMatchObject({ jobs: { resolving: 1 }, changes: { queued: 2 } });

    await world.resolve();
    const hand = world.hand();
    await hand.end(await hand.next(await hand.take('gw-x')));

    expect(await fleet.read()).toMatchObject({
      jobs: { resolving: 0, running: 1 },
      changes: { queued: 1, succeeded: 1 },
    });
  });

  it('tell how lanes stand and how long the oldest has been due', async () => {
    await world.release(['a@gw-1', 'b@gw-1', 'c@gw-1', 'd@gw-2', 'e@gw-3']);
    await world.pass(7_000);
    expect(await fleet.read()).toMatchObject({
      lanes: { due: 3, leased: 0, waiting: 0 },
      waiting: { total: 5, longest: 3 },
      queueAgeSeconds: expect.closeTo(7, 1),
    });

    const hand = world.hand();
    const [first, second] = await hand.claim(2);
    if (!first || !second) throw new Error('no lanes');
    await hand.record(stepOf(first, 'queued', { kind: 'release', dueInMs: 60_000 }));
    expect(await fleet.read()).toMatchObject({ lanes: { due: 1, leased: 1, waiting: 1 } });

    await world.pass((leaseSeconds + 1) * 1_000);
    expect(await fleet.read()).toMatchObject({ lanes: { due: 2, leased: 0, waiting: 1 } });
  });

  it('count lanes that idle because their job has no free slot', async () => {
    await world.release(['a@gw-1', 'b@gw-2'], { maxInFlight: 1 });
    const hand = world.hand();
    for (const held of await hand.claim()) await hand.next(held);

    const { lanes } = await fleet.read();

    expect(lanes).toMatchObject({ leased: 1, parked: 1 });
  });

  it('tell what is left of each budget, and nothing while it is paused', async () => {
    const budget = createPgApiBudget(world.database, { account: 'a', limits });
    const previews = createPgApiBudget(world.database, { account: 'a', limits, part: previewPart });
    await budget.take(write, 4);
    await budget.take(read, 5);
    await previews.take(read, 6);

    expect((await fleet.read()).budgets).toEqual([
      { regionId: 'cn-hangzhou', action: 'DescribeVpnConnections', left: 29 },
      { regionId: 'cn-hangzhou', action: 'ModifyVpnConnectionAttribute', left: 6 },
    ]);

    await budget.slowDown(write, 5_000);
    expect((await fleet.read()).budgets.at(-1)).toMatchObject({ left: 0 });
    await world.pass(5_001);
    expect((await fleet.read()).budgets.at(-1)).toMatchObject({ left: 1 });
    await world.pass(65_000);
    expect((await fleet.read()).budgets.at(-1)).toMatchObject({ left: 10 });
  });

  it('are the sum of what all processes added', async () => {
    const entry = (code: string, value: number) => ({
      name: 'api_calls_total',
      labels: { action: 'DescribeVpnConnections', code },
      value,
    });
    await Promise.all([
      tallies.add([entry('OK', 2), entry('Timeout', 1)]),
      tallies.add([entry('Timeout', 0.5), entry('OK', 3)]),
    ]);

    expect((await fleet.read()).tallies).toEqual([entry('OK', 5), entry('Timeout', 1.5)]);
  });
});
