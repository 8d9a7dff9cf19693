import { describe } from 'vitest';
import { defineApiBudgetContract } from './api-budget-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the API budget, $kind', ({ subject }) => {
  defineApiBudgetContract(subject());
});
