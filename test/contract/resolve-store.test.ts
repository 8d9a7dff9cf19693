import { describe } from 'vitest';
import { openWorldOn } from './lane-store-world.ts';
import { defineResolveContract } from './resolve-store-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the resolve store, $kind', ({ subject }) => {
  defineResolveContract(openWorldOn(subject()));
});
