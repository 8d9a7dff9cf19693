import { describe } from 'vitest';
import { databaseKinds } from '../helpers/databases.ts';
import { defineClaimContract } from './lane-store-claim-contract.ts';
import { defineEndContract } from './lane-store-end-contract.ts';
import { defineOrderContract } from './lane-store-order-contract.ts';
import { defineRepairContract } from './lane-store-repair-contract.ts';
import { defineStepContract } from './lane-store-step-contract.ts';
import { defineWaitContract } from './lane-store-wait-contract.ts';
import { openWorld } from './lane-store-world.ts';

describe.each(databaseKinds)('the lane store, $kind', ({ withDatabase }) => {
  const world = openWorld(withDatabase());

  defineClaimContract(world);
  defineStepContract(world);
  defineWaitContract(world);
  defineOrderContract(world);
  defineEndContract(world);
  defineRepairContract(world);
});
