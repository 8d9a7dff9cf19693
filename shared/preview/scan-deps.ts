import type { VpnApi } from '../connection/vpn-api.ts';
import type { Clock } from '../platform/clock.ts';
import type { InventoryStore } from './inventory-store.ts';

/** The reads of the VPC API that previews use, under their part of the budget. */
export type InventoryApi = Pick<
  VpnApi,
  'listConnections' | 'listGateways' | 'listCustomerGateways' | 'describeConnection'
>;

/** What bringing a snapshot up to date needs. */
export interface ScanDeps {
  api: InventoryApi;
  inventory: InventoryStore;
  clock: Clock;
  /** The key under which pre-shared keys are digested. */
  digestKey: Buffer;
  /** Names this preview among all that read. */
  holder: string;
}
