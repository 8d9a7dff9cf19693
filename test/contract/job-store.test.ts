import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineJobStoreContract } from './job-store-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('the job store, $kind', ({ withDatabase }) => {
  defineJobStoreContract(openWorld(withDatabase()));
});
