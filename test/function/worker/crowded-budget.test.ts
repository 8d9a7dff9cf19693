import { describe, expect, it } from 'vitest';
import { withPostgres } from '../../helpers/databases.ts';
import { aFleet, outcomesOf, planOf } from './fleet.ts';
import { useWorlds } from './worlds.ts';

/*
 * Far more changes want to be written than the budget of a minute has places. Whoever was begun comes first: his lane is held, and
 * a tunnel may be down as long as nobody knows what became of the request.
 */

const crowd = Array.from({ length: 40 }, (_, index) => `c${index}`);
const limits = { readsPerMinute: 480, writesPerMinute: 3 };

describe('a request that has to be repeated while the budget is wanted by a crowd', () => {
  const open = useWorlds(withPostgres());

  it('is repeated as soon as there is a place again, before anything new is sent', async () => {
    const names = ['first', ...crowd];
    const inventory = aFleet({
      first: { sim: 'sim:dropped=1' },
      ...Object.fromEntries(crowd.map((name) => [name, {}])),
    });
    const world = await open({ simulator: { inventory }, limits });

    const { id } = await world.submit(planOf(names));
    await world.drain();

    const outcomes = await outcomesOf(world.jobs, id);
    expect(new Set(outcomes.map(({ state }) => state))).toEqual(new Set(['succeeded']));
    const [first] = outcomes;
    const at = (kind: string): number =>
      Date.parse(first?.events.find((event) => event.kind === kind)?.at ?? '');
    // The window of a minute that its first sending opened has to pass.
    expect(at('accepted') - at('unknown_fate')).toBeLessThan(70_000);
  });
});
