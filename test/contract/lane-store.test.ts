import { describe } from 'vitest';
import { defineClaimContract } from './lane-store-claim-contract.ts';
import { defineEndContract } from './lane-store-end-contract.ts';
import { defineOrderContract } from './lane-store-order-contract.ts';
import { defineRepairContract } from './lane-store-repair-contract.ts';
import { defineStepContract } from './lane-store-step-contract.ts';
import { defineWaitContract } from './lane-store-wait-contract.ts';
import { openWorldOn } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('the lane store, $kind', ({ subject }) => {
  const world = openWorldOn(subject());

  defineClaimContract(world);
  defineStepContract(world);
  defineWaitContract(world);
  defineOrderContract(world);
  defineEndContract(world);
  defineRepairContract(world);
});
