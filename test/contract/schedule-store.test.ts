import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { openWorld } from './lane-store-world.ts';
import { defineScheduleRunContract } from './schedule-run-contract.ts';
import { defineScheduleStoreContract } from './schedule-store-contract.ts';

describe.each(databaseKinds)('the schedule store, $kind', ({ withDatabase }) => {
  const world = openWorld(withDatabase());
  defineScheduleStoreContract(world);
  defineScheduleRunContract(world);
});
