import { describe } from 'vitest';
import { defineJournalStoreContract } from './journal-store-contract.ts';
import { openWorldOn } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the journal store, $kind', ({ subject }) => {
  defineJournalStoreContract(openWorldOn(subject()));
});
