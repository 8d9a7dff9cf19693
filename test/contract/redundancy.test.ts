import { describe } from 'vitest';
import { openWorldOn } from './lane-store-world.ts';
import { defineRedundancyContract } from './redundancy-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('redundancy, $kind', ({ subject }) => {
  defineRedundancyContract(openWorldOn(subject()));
});
