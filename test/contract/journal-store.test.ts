import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineJournalStoreContract } from './journal-store-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('the journal store, $kind', ({ withDatabase }) => {
  defineJournalStoreContract(openWorld(withDatabase()));
});
