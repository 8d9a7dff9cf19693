import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineKeyringContract } from './keyring-store-contract.ts';

describe.each(databaseKinds)('the keyring store, $kind', ({ withDatabase }) => {
  defineKeyringContract(withDatabase());
});
