import type { GovernedVpnApi } from '../budget/governed-vpn-api.ts';
import type { VpnConnection } from '../connection/model.ts';
import type { FarEnds } from '../connection/redundancy.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import { readPages } from './read-pages.ts';

/** What of some connections' other ends was found. */
export type FarEndsFound = { kind: 'found'; ends: FarEnds } | { kind: 'failed'; error: CloudError };

/** Where connections lead to: the VPCs of their gateways, the addresses of their customer gateways. */
export interface FarEndReader {
  /** `customerGatewayIds`: also of gateways that connections are to lead to. */
  read(
    regionId: string,
    connections: Iterable<Pick<VpnConnection, 'vpnGatewayId' | 'customerGatewayIds'>>,
    customerGatewayIds: Iterable<string>,
  ): Promise<FarEndsFound>;
}

/**
 * Reads over the governed API. Neither the VPC of a gateway nor the address of a customer gateway ever changes (source:
 * ModifyVpnGatewayAttribute and ModifyCustomerGatewayAttribute, which have no such parameter), so that each list is read again
 * only for what it has not shown yet.
 */
export function createFarEndReader({
  api,
}: {
  api: Pick<GovernedVpnApi, 'listGateways' | 'listCustomerGateways'>;
}): FarEndReader {
  const vpcs = new Map<string, string | null>();
  const addresses = new Map<string, string | null>();

  async function readGateways(regionId: string): Promise<CloudError | null> {
    const listed = await readPages((pageNumber) => api.listGateways({ regionId, pageNumber }));
    if (listed.kind === 'failed') return listed.error;
    for (const { vpnGatewayId, vpcId } of listed.items) vpcs.set(vpnGatewayId, vpcId);
    return null;
  }

  async function readCustomers(regionId: string): Promise<CloudError | null> {
    const read = (pageNumber: number) => api.listCustomerGateways({ regionId, pageNumber });
    const listed = await readPages(read);
    if (listed.kind === 'failed') return listed.error;
    for (const { customerGatewayId, ipAddress } of listed.items) {
      addresses.set(customerGatewayId, ipAddress);
    }
    return null;
  }

  return {
    async read(regionId, connections, customerGatewayIds) {
      const all = [...connections];
      const gateways = all.flatMap(({ vpnGatewayId }) => vpnGatewayId ?? []);
      const customers = [...all.flatMap((each) => each.customerGatewayIds), ...customerGatewayIds];
      const errors = await Promise.all([
        gateways.every((id) => vpcs.has(id)) ? null : readGateways(regionId),
        customers.every((id) => addresses.has(id)) ? null : readCustomers(regionId),
      ]);
      const error = errors.find((each) => each !== null);
      return error ? { kind: 'failed', error } : { kind: 'found', ends: { vpcs, addresses } };
    },
  };
}
