import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineRequestRateContract } from './request-rate-contract.ts';

describe.each(databaseKinds)('the rate of requests, $kind', ({ withDatabase }) => {
  defineRequestRateContract(withDatabase());
});
