import {
  type ModifyOutcome,
  modifyActionFor,
  type ReadOutcome,
  type VpnAction,
  type VpnApi,
} from '../connection/vpn-api.ts';
import type { Tally } from './tally.ts';

/** The VPC API, every call of it counted by action and code. */
export function countCalls(api: VpnApi, tally: Tally): VpnApi {
  async function counted<Outcome extends ReadOutcome<unknown> | ModifyOutcome>(
    action: VpnAction,
    call: Promise<Outcome>,
  ): Promise<Outcome> {
    const outcome = await call;
    tally.count('api_calls_total', {
      action,
      code: 'error' in outcome ? outcome.error.code : 'OK',
    });
    return outcome;
  }
  return {
    listConnections: (query) => counted('DescribeVpnConnections', api.listConnections(query)),
    describeConnection: (ref) => counted('DescribeVpnConnection', api.describeConnection(ref)),
    listGateways: (query) => counted('DescribeVpnGateways', api.listGateways(query)),
    describeGateway: (query) => counted('DescribeVpnGateway', api.describeGateway(query)),
    listCustomerGateways: (query) =>
      counted('DescribeCustomerGateways', api.listCustomerGateways(query)),
    modify: (request) => counted(modifyActionFor(request), api.modify(request)),
  };
}
