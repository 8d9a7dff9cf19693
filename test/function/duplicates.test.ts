import { describe, expect, it } from 'vitest';
import { tick } from '../../functions/scheduler/handler.ts';
import { createWorkerHandler } from '../../functions/worker/handler.ts';
import { timerAlone } from '../../shared/lane/worker-waker.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import { bearer, createTestApp } from '../helpers/apps.ts';
import { emptyAllTables, withPostgres } from '../helpers/databases.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import type { VirtualWorld } from '../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, region } from './worker/fleet.ts';
import { useWorlds } from './worker/worlds.ts';

const names = ['a', 'b', 'c', 'd'];
const inventory = aFleet({ 'a@1': {}, 'b@1': {}, c: { sim: 'sim:lost=1' }, d: {} });
const plan = {
  title: 'stronger algorithms',
  targets: names.map((name) => ({ regionId: region, vpnConnectionId: `vco-${name}` })),
  set: { IkeConfig: { IkeEncAlg: 'aes256' } },
  rollout: { concurrency: '100%' },
};
const key = { 'Idempotency-Key': 'once', Authorization: `Bearer ${bearer.operator}` };
const { signal } = new AbortController();
const silent = createLogger({ level: 'silent', clock: new FakeClock() });

describe('every function', () => {
  const database = withPostgres();
  const open = useWorlds(database);

  function tickOf({ lanes, scheduling }: VirtualWorld): ReturnType<typeof tick> {
    return tick({ ...scheduling, lanes, waker: timerAlone, logger: silent }, '1');
  }

  /** A job from its submission to its end, each function called so many times at once, with ticks so late. */
  async function carryOut(times: number, tickEveryMs: number): Promise<unknown> {
    const world = await open({ simulator: { inventory }, logger: silent });
    const together = <Result>(call: () => Promise<Result>): Promise<Result[]> =>
      Promise.all(Array.from({ length: times }, call));
    const apps = await together(async () => createTestApp(await database.another()));
    const submitted = await Promise.all(apps.map(({ post }) => post(plan, key)));
    const ids = await Promise.all(
      submitted.map(async (response) => JobBody.parse(await response.json()).id),
    );
    const [id = ''] = ids;
    const isOver = async (): Promise<boolean> => (await world.jobs.get(id))?.finishedAt !== null;

    while (!(await isOver())) {
      await together(() => tickOf(world));
      await together(() => createWorkerHandler(world.worker())({ stop: signal }));
      await Promise.all(apps.map(({ get }) => get(`/v1/jobs/${id}`)));
      await world.clock.sleep(tickEveryMs);
    }
    const late = await together(() => tickOf(world));
    const idle = await together(() => createWorkerHandler(world.worker())({ stop: signal }));

    expect(new Set(ids).size).toBe(1);
    expect(late.every(({ reclaimed, roused, woken }) => !woken && reclaimed + roused === 0)).toBe(
      true,
    );
    expect(idle.map(({ reason }) => reason)).toEqual(idle.map(() => 'idle'));
    expect(world.simulator.record.overlaps()).toEqual([]);
    const outcomes = await outcomesOf(world.jobs, id);
    const jobs = await world.jobs.list({ states: null, limit: 10, before: null });
    return {
      jobs: jobs.map(({ state, counts }) => ({ state, counts })),
      outcomes: outcomes.map(({ state, code, attempts }) => ({ state, code, attempts })),
      finished: outcomes.map(({ kinds }) => kinds.filter((kind) => kind === 'finished').length),
      written: effectiveWrites(world).sort(),
      values: names.map((name) => world.simulator.state.connection(region, `vco-${name}`).ike),
    };
  }

  it.each([
    ['called twice at once', 2, 1_000],
    ['called three times at once, with ticks that come late', 3, 70_000],
  ])('%s comes to the same end as called once', async (_, times, tickEveryMs) => {
    const once = await carryOut(1, 1_000);
    await emptyAllTables(database);

    expect(await carryOut(times, tickEveryMs)).toEqual(once);
    expect(once).toMatchObject({ written: names, jobs: [{ state: 'succeeded' }] });
  });
});
