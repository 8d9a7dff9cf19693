import {
  type ModifyOutcome,
  modifyActionFor,
  type ReadOutcome,
  type VpnAction,
  type VpnApi,
} from './vpn-api.ts';

/** Does something around one call; what it resolves with is the call's outcome. */
export type AroundCall = <Outcome extends ReadOutcome<unknown> | ModifyOutcome>(
  call: { action: VpnAction; regionId: string },
  run: () => Promise<Outcome>,
) => Promise<Outcome>;

/** What a call came to, as one word: `OK`, or the code of its error. */
export function codeOf(outcome: ReadOutcome<unknown> | ModifyOutcome): string {
  return 'error' in outcome ? outcome.error.code : 'OK';
}

/** The VPC API with something around each of its calls. */
export function aroundCalls(api: VpnApi, around: AroundCall): VpnApi {
  const named = (action: VpnAction, { regionId }: { regionId: string }) => ({ action, regionId });
  return {
    listConnections: (query) =>
      around(named('DescribeVpnConnections', query), () => api.listConnections(query)),
    describeConnection: (ref) =>
      around(named('DescribeVpnConnection', ref), () => api.describeConnection(ref)),
    listGateways: (query) =>
      around(named('DescribeVpnGateways', query), () => api.listGateways(query)),
    describeGateway: (query) =>
      around(named('DescribeVpnGateway', query), () => api.describeGateway(query)),
    listCustomerGateways: (query) =>
      around(named('DescribeCustomerGateways', query), () => api.listCustomerGateways(query)),
    connectionLogs: (query) =>
      around(named('DescribeVpnConnectionLogs', query), () => api.connectionLogs(query)),
    diagnose: (query) => around(named('DiagnoseVpnConnections', query), () => api.diagnose(query)),
    modify: (request) =>
      around(named(modifyActionFor(request), request), () => api.modify(request)),
  };
}
