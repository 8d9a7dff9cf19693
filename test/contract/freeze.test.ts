import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineFreezeContract } from './freeze-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('freezes, $kind', ({ withDatabase }) => {
  defineFreezeContract(openWorld(withDatabase()));
});
