import { describe } from 'vitest';
import { defineJobPlanContract } from './job-plan-contract.ts';
import { defineJobStoreContract } from './job-store-contract.ts';
import { openWorldOn } from './lane-store-world.ts';
import { defineRestoredContract } from './restored-contract.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the job store, $kind', ({ subject }) => {
  const world = openWorldOn(subject());
  defineJobStoreContract(world);
  defineJobPlanContract(world);
  defineRestoredContract(world);
});
