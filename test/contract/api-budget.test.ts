import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineApiBudgetContract } from './api-budget-contract.ts';

describe.each(databaseKinds)('the API budget, $kind', ({ withDatabase }) => {
  defineApiBudgetContract(withDatabase());
});
