import { describe } from 'vitest';
import { defineVerbContract } from './job-verbs-contract.ts';
import { openWorldOn } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('verbs on jobs, $kind', ({ subject }) => {
  defineVerbContract(openWorldOn(subject()));
});
