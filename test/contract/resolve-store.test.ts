import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { openWorld } from './lane-store-world.ts';
import { defineResolveContract } from './resolve-store-contract.ts';

describe.each(databaseKinds)('the resolve store, $kind', ({ withDatabase }) => {
  defineResolveContract(openWorld(withDatabase()));
});
