import { describe } from 'vitest';
import { openWorldOn } from './lane-store-world.ts';
import { defineBatchContract, defineSlowStartContract } from './rollout-batches-contract.ts';
import { defineWindowContract } from './rollout-windows-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the rollout of a job, $kind', ({ subject }) => {
  const world = openWorldOn(subject());
  describe('in batches', () => defineBatchContract(world));
  describe('with a slow start', () => defineSlowStartContract(world));
  describe('in a window', () => defineWindowContract(world));
});
