import { describe } from 'vitest';
import { openWorldOn } from './lane-store-world.ts';
import { defineSelectionsContract } from './selections-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('selectors of jobs, $kind', ({ subject }) => {
  defineSelectionsContract(openWorldOn(subject()));
});
