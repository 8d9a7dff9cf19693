import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { openWorld } from './lane-store-world.ts';
import { defineSelectionsContract } from './selections-contract.ts';

describe.each(databaseKinds)('selectors of jobs, $kind', ({ withDatabase }) => {
  defineSelectionsContract(openWorld(withDatabase()));
});
