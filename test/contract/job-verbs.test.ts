import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineVerbContract } from './job-verbs-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('verbs on jobs, $kind', ({ withDatabase }) => {
  defineVerbContract(openWorld(withDatabase()));
});
