import { describe } from 'vitest';
import { defineErrandContract } from './errands-contract.ts';
import { openWorldOn } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('errands, $kind', ({ subject }) => {
  defineErrandContract(openWorldOn(subject()));
});
