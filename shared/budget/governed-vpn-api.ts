import {
  type CloudError,
  type ModifyOutcome,
  type ModifyRequest,
  modifyActionFor,
  type ReadOutcome,
  type VpnAction,
  type VpnApi,
} from '../connection/vpn-api.ts';
import type { BudgetScope } from './api-budget.ts';
import type { Governor } from './governor.ts';

/** How long a read may wait for its budget before the look is put off. */
const readPatienceMs = 2_000;

const leaseEnding: CloudError = {
  class: 'not_sent',
  code: 'LeaseEnding',
  message: 'the right to advance the lane was about to end; another worker goes on',
  requestId: null,
};

function notNow(retryInMs: number): CloudError {
  return {
    class: 'throttled',
    code: 'BudgetExhausted',
    message: 'the API budget of this minute is spent; the call waits for the next free place',
    requestId: null,
    retryInMs,
  };
}

/** The VPC API as a worker uses it: every call under the budget, and a last look at the lease before a write. */
export interface GovernedVpnApi extends Omit<VpnApi, 'modify'> {
  /**
   * Sends a write unless the budget has no place for it within `patienceMs` (now, where that is left out) or `mayStillSend`, asked as
   * the last act before the call, says no; then it is `not_sent`.
   */
  modify(
    request: ModifyRequest,
    mayStillSend: () => boolean,
    patienceMs?: number,
  ): Promise<ModifyOutcome>;
}

/**
 * The VPC API under the shared budget: each call first takes its place, and a throttling answer slows the action down
 * for everybody. A first write never waits here: when there is no place it is not sent, and the lane is put off instead. A repeat
 * does for a moment, so that what is in flight comes before what is not.
 */
export function governVpnApi(api: VpnApi, governor: Governor): GovernedVpnApi {
  async function read<Value>(
    scope: BudgetScope,
    call: () => Promise<ReadOutcome<Value>>,
  ): Promise<ReadOutcome<Value>> {
    const refusal = await governor.admit(scope, readPatienceMs);
    if (refusal) return { kind: 'failed', error: notNow(refusal.retryInMs) };
    const outcome = await call();
    if (outcome.kind === 'failed' && outcome.error.class === 'throttled') {
      await governor.throttled(scope);
    }
    return outcome;
  }
  const scopeOf = (regionId: string, action: VpnAction): BudgetScope => ({ regionId, action });

  return {
    listConnections: (query) =>
      read(scopeOf(query.regionId, 'DescribeVpnConnections'), () => api.listConnections(query)),
    describeConnection: (ref) =>
      read(scopeOf(ref.regionId, 'DescribeVpnConnection'), () => api.describeConnection(ref)),
    listGateways: (query) =>
      read(scopeOf(query.regionId, 'DescribeVpnGateways'), () => api.listGateways(query)),
    describeGateway: (query) =>
      read(scopeOf(query.regionId, 'DescribeVpnGateway'), () => api.describeGateway(query)),
    listCustomerGateways: (query) =>
      read(scopeOf(query.regionId, 'DescribeCustomerGateways'), () =>
        api.listCustomerGateways(query),
      ),
    connectionLogs: (query) =>
      read(scopeOf(query.regionId, 'DescribeVpnConnectionLogs'), () => api.connectionLogs(query)),
    diagnose: (query) =>
      read(scopeOf(query.regionId, 'DiagnoseVpnConnections'), () => api.diagnose(query)),
    async modify(request, mayStillSend, patienceMs = 0) {
      const scope = scopeOf(request.regionId, modifyActionFor(request));
      const refusal = await governor.admit(scope, patienceMs);
      if (refusal) return { kind: 'not_sent', error: notNow(refusal.retryInMs) };
      if (!mayStillSend()) return { kind: 'not_sent', error: leaseEnding };
      const outcome = await api.modify(request);
      if (outcome.kind === 'throttled') await governor.throttled(scope);
      return outcome;
    },
  };
}
