import { describe, expect, it } from 'vitest';
import { governVpnApi } from '../../../shared/budget/governed-vpn-api.ts';
import type { Governor } from '../../../shared/budget/governor.ts';
import type {
  CloudError,
  ModifyOutcome,
  ModifyRequest,
  VpnApi,
} from '../../../shared/connection/vpn-api.ts';

const regionId = 'cn-hangzhou';
const request: ModifyRequest = {
  regionId,
  vpnConnectionId: 'vco-a',
  attachType: 'VPNGW',
  part: 'connection',
  tunnels: [],
  clientToken: 'lk-1',
  fields: {},
};
const throttled: CloudError = {
  class: 'throttled',
  code: 'Throttling.User',
  message: 'too many calls',
  requestId: 'r-1',
};

const aPage = {
  ikeEstablishedAt: null,
  ipsecEstablishedAt: null,
  isComplete: true,
  isLastPage: true,
  answeredAt: null,
};

function aGovernedApi(options: {
  refusal?: { retryInMs: number };
  outcome?: ModifyOutcome;
  error?: CloudError;
}) {
  const log: string[] = [];
  const governor: Governor = {
    admit: async ({ action }, maxWaitMs) => {
      log.push(`admit ${action} ${maxWaitMs}`);
      return options.refusal ?? null;
    },
    throttled: async ({ action }) => {
      log.push(`throttled ${action}`);
    },
  };
  const read = (name: string) => async () => {
    log.push(name);
    const value = { items: [], total: 0 };
    return options.error
      ? ({ kind: 'failed', error: options.error } as const)
      : ({ kind: 'ok', value } as const);
  };
  const one = (name: string) => async () => {
    log.push(name);
    return options.error
      ? ({ kind: 'failed', error: options.error } as const)
      : ({ kind: 'ok', value: null } as const);
  };
  const failed = options.error ? ({ kind: 'failed', error: options.error } as const) : null;
  const api: VpnApi = {
    listConnections: read('list'),
    describeConnection: one('one'),
    listGateways: read('gateways'),
    describeGateway: one('gateway'),
    listCustomerGateways: read('customers'),
    connectionLogs: async () => {
      log.push('logs');
      return failed ?? { kind: 'ok', value: aPage };
    },
    diagnose: async () => {
      log.push('diagnosis');
      return failed ?? { kind: 'ok', value: [] };
    },
    modify: async () => {
      log.push('modify');
      return options.outcome ?? { kind: 'accepted', requestId: 'r-1' };
    },
  };
  return { log, api: governVpnApi(api, governor) };
}

describe('a governed write', () => {
  it('takes its place, asks for the lease as the last thing, and is sent', async () => {
    const { api, log } = aGovernedApi({});

    const outcome = await api.modify(request, () => {
      log.push('lease');
      return true;
    });

    expect(outcome.kind).toBe('accepted');
    expect(log).toEqual(['admit ModifyVpnConnectionAttribute 0', 'lease', 'modify']);
  });

  it('is never sent without a place', async () => {
    const { api, log } = aGovernedApi({ refusal: { retryInMs: 1_234 } });

    const outcome = await api.modify({ ...request, attachType: 'CEN' }, () => true);

    expect(outcome).toMatchObject({ kind: 'not_sent', error: { retryInMs: 1_234 } });
    expect(log).toEqual(['admit ModifyVpnAttachmentAttribute 0']);
  });

  it('is never sent once the lease may be over', async () => {
    const { api, log } = aGovernedApi({});

    const outcome = await api.modify(request, () => false);

    expect(outcome).toMatchObject({ kind: 'not_sent', error: { code: 'LeaseEnding' } });
    expect(log).not.toContain('modify');
  });

  it('slows everybody down when it is throttled', async () => {
    const { api, log } = aGovernedApi({ outcome: { kind: 'throttled', error: throttled } });

    expect((await api.modify(request, () => true)).kind).toBe('throttled');
    expect(log.at(-1)).toBe('throttled ModifyVpnConnectionAttribute');
  });
});

const reads = [
  { action: 'DescribeVpnConnections', name: 'list', read: 'listConnections' },
  { action: 'DescribeVpnGateways', name: 'gateways', read: 'listGateways' },
  { action: 'DescribeVpnConnection', name: 'one', read: 'describeConnection' },
  { action: 'DescribeVpnGateway', name: 'gateway', read: 'describeGateway' },
  { action: 'DescribeCustomerGateways', name: 'customers', read: 'listCustomerGateways' },
  { action: 'DescribeVpnConnectionLogs', name: 'logs', read: 'connectionLogs' },
  { action: 'DiagnoseVpnConnections', name: 'diagnosis', read: 'diagnose' },
] as const;

describe.each(reads)('a governed $action', ({ action, name, read }) => {
  const query = {
    regionId,
    pageNumber: 1,
    vpnConnectionId: 'vco-a',
    vpnGatewayId: 'vpn-1',
    tunnelId: null,
    between: null,
    vpnConnectionIds: ['vco-a'],
    tunnelIds: [],
  };

  it('takes its place and may wait for it', async () => {
    const { api, log } = aGovernedApi({});

    expect((await api[read](query)).kind).toBe('ok');
    expect(log).toEqual([`admit ${action} 2000`, name]);
  });

  it('fails without being made when there is no place', async () => {
    const { api, log } = aGovernedApi({ refusal: { retryInMs: 9_000 } });

    expect(await api[read](query)).toMatchObject({
      kind: 'failed',
      error: { class: 'throttled', retryInMs: 9_000 },
    });
    expect(log).toEqual([`admit ${action} 2000`]);
  });

  it('slows everybody down when it is throttled', async () => {
    const { api, log } = aGovernedApi({ error: throttled });

    await api[read](query);

    expect(log.at(-1)).toBe(`throttled ${action}`);
  });
});
