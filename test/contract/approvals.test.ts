import { describe } from 'vitest';
import { defineApprovalContract } from './approvals-contract.ts';
import { openWorldOn } from './lane-store-world.ts';
import { storeKinds } from './store-subjects.ts';

describe.each(storeKinds)('approvals, $kind', ({ subject }) => {
  defineApprovalContract(openWorldOn(subject()));
});
