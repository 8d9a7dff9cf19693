import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineChangeVerbContract } from './change-verbs-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('verbs on changes, $kind', ({ withDatabase }) => {
  defineChangeVerbContract(openWorld(withDatabase()));
});
