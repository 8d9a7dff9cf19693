import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { openWorld } from './lane-store-world.ts';
import { defineScheduleStoreContract } from './schedule-store-contract.ts';

describe.each(databaseKinds)('the schedule store, $kind', ({ withDatabase }) => {
  defineScheduleStoreContract(openWorld(withDatabase()));
});
