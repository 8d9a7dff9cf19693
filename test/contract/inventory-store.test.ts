import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineInventoryContract } from './inventory-store-contract.ts';

describe.each(databaseKinds)('the inventory store, $kind', ({ withDatabase }) => {
  defineInventoryContract(withDatabase());
});
