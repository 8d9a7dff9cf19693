import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { databaseKinds, emptyAllTables } from '../helpers/databases.ts';
import { checkHistory, checkNothingIsLeft, checkRules } from './lane-store-checks.ts';
import { Actor, diceOf, driveToTheEnd, keepHistory } from './lane-store-model.ts';
import { openWorld } from './lane-store-world.ts';

const Step = fc.record({
  what: fc.constantFrom(
    'accept',
    'claim',
    'step',
    'step',
    'step',
    'pass',
    'forget',
    'renew',
    'repair',
  ),
  who: fc.nat(1),
  seed: fc.nat(),
});

describe.each(databaseKinds)(
  'the lane store over random histories, $kind',
  ({ kind, withDatabase }) => {
    const database = withDatabase();
    const world = openWorld(database);
    beforeAll(() => keepHistory(database));

    it('keeps every rule after every step, loses no wake-up and ends everything', async () => {
      const history = fc.array(Step, { minLength: 10, maxLength: 50, size: 'max' });
      await fc.assert(
        fc.asyncProperty(history, async (steps) => {
          await emptyAllTables(database);
          const accepted = new Map<string, string>();
          const actors = ['one', 'two'].map((name) => new Actor(world, name, accepted));
          await actors[0]?.accept(diceOf(steps.length), 'job_first');
          for (const [index, { what, who, seed }] of steps.entries()) {
            await perform(what, actors[who] ?? new Actor(world, 'nobody', accepted), seed, index);
            await checkRules(database);
          }
          await driveToTheEnd(world, actors, world.pass);
          await checkRules(database);
          await checkNothingIsLeft(database);
          await checkHistory(database);
        }),
        { numRuns: kind === 'embedded' ? 12 : 20, endOnFailure: kind === 'embedded' },
      );
    }, 120_000);

    async function perform(what: string, actor: Actor, seed: number, index: number): Promise<void> {
      const dice = diceOf(seed);
      switch (what) {
        case 'accept':
          return actor.accept(dice, `job_${String(index).padStart(3, '0')}`);
        case 'claim':
          await actor.claim(dice, 1 + Math.floor(dice() * 5));
          return;
        case 'step':
          return actor.step(dice, 0.7);
        case 'pass':
          return world.pass(Math.floor(dice() ** 3 * 40_000));
        case 'forget':
          return actor.forget(dice);
        case 'renew':
          return actor.renew();
        default:
          await world.lanes.repair();
      }
    }
  },
);
