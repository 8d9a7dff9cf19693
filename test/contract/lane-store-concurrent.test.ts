import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { withPostgres } from '../helpers/databases.ts';
import { storesOn } from '../simulation/store-sources.ts';
import { checkHistory, checkNothingIsLeft, checkRules } from './lane-store-checks.ts';
import { Actor, type Dice, diceOf, driveToTheEnd, keepHistory } from './lane-store-model.ts';
import { openWorld } from './lane-store-world.ts';

const actorCount = 6;
const roundCount = 80;

/** The same database, with a count of the transactions that the server sacrificed. */
function countingRetries(database: Database): { database: Database; retries(): number } {
  let runs = 0;
  let calls = 0;
  return {
    retries: () => runs - calls,
    database: {
      ...database,
      transaction(work) {
        calls += 1;
        return database.transaction((query, commit) => {
          runs += 1;
          return work(query, commit);
        });
      },
    },
  };
}

/** Everybody at once on a real server: claims, steps, acceptances, releases, lost leases, repairs. */
describe('the lane store under concurrent workers', () => {
  const database = withPostgres();
  const world = openWorld(database);
  beforeAll(() => keepHistory(database));

  /** `isOver` says that a rule was broken, so that going on is of no use. */
  async function live(
    actor: Actor,
    name: string,
    dice: Dice,
    isOver: () => boolean,
  ): Promise<void> {
    for (let round = 0; round < roundCount && !isOver(); round += 1) {
      const roll = dice();
      if (roll < 0.12) await actor.accept(dice, `job_${name}${String(round).padStart(3, '0')}`);
      else if (roll < 0.4) await actor.claim(dice, 1 + Math.floor(dice() * 6));
      else if (roll < 0.92) await actor.step(dice, 0.8);
      else if (roll < 0.95) actor.forget(dice);
      else if (roll < 0.98) await actor.renew();
      else await world.lanes.repair();
    }
  }

  async function observe(isOver: () => boolean): Promise<void> {
    for (const dice = diceOf(7); !isOver(); ) {
      await world.pass(Math.floor(dice() ** 4 * 20_000));
      await checkRules(database);
    }
  }

  it.for([1, 2])(
    'keeps every rule at every moment, loses nothing and ends everything (seed %i)',
    { timeout: 120_000 },
    async (seed, { annotate }) => {
      const accepted = new Map<string, string>();
      const handles = await Promise.all(
        Array.from({ length: actorCount }, async () => countingRetries(await database.another())),
      );
      const actors = handles.map(
        (handle, index) => new Actor(storesOn(handle.database), `w${index}`, accepted),
      );
      let isOver = false;
      const end = (): void => {
        isOver = true;
      };

      const lives = actors.map((actor, index) =>
        live(actor, `${index}`, diceOf(seed * 100 + index), () => isOver),
      );
      const watching = observe(() => isOver).finally(end);
      const ended = await Promise.allSettled(lives).finally(end);
      const outcomes = [...ended, ...(await Promise.allSettled([watching]))];
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
      await driveToTheEnd(world, actors, world.pass);

      await checkRules(database);
      await checkNothingIsLeft(database);
      const { starts } = await checkHistory(database);
      expect(starts).toBeGreaterThan(50);
      const retries = handles.reduce((sum, handle) => sum + handle.retries(), 0);
      await annotate(`${retries} transactions repeated after a deadlock, ${starts} starts`);
      expect(retries).toBeLessThan(starts / 20);
    },
  );
});
