import { describe } from 'vitest';
import { defineKeyringContract } from './keyring-store-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the keyring store, $kind', ({ subject }) => {
  defineKeyringContract(subject());
});
