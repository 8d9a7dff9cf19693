import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CloudError, VpnApi } from '../../../shared/connection/vpn-api.ts';
import { countCalls } from '../../../shared/metrics/counted-vpn-api.ts';
import { families } from '../../../shared/metrics/families.ts';
import { createTally, type TallyEntry, type TallyStore } from '../../../shared/metrics/tally.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

function aStore() {
  const added: (readonly TallyEntry[])[] = [];
  let isAway = false;
  const store: TallyStore = {
    async add(entries) {
      if (isAway) throw new AppError('unavailable', 'away');
      added.push(entries);
    },
  };
  const { logger } = createRecordingLogger();
  return {
    tally: createTally({ store, logger }),
    added,
    goAway: (away: boolean) => {
      isAway = away;
    },
  };
}

const ok = { action: 'DescribeVpnGateway', code: 'OK' };

describe('a tally', () => {
  it('adds what was counted since the last time, each combination of labels once', async () => {
    const { tally, added } = aStore();
    tally.count('api_calls_total', ok);
    tally.count('api_calls_total', { ...ok, code: 'Timeout' });
    tally.count('api_calls_total', ok);

    await tally.flush();
    await tally.flush();

    expect(added).toEqual([
      [
        { name: 'api_calls_total', labels: ok, value: 2 },
        { name: 'api_calls_total', labels: { ...ok, code: 'Timeout' }, value: 1 },
      ],
    ]);
  });

  it('keeps what could not be added for the next time', async () => {
    const { tally, added, goAway } = aStore();
    goAway(true);
    tally.count('api_calls_total', ok);
    await tally.flush();
    tally.count('api_calls_total', ok);
    goAway(false);

    await tally.flush();

    expect(added).toEqual([[{ name: 'api_calls_total', labels: ok, value: 2 }]]);
  });

  it('puts each time into the first bucket that holds it', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -5, max: 2_000, noNaN: true }), { minLength: 1 }),
        async (times) => {
          const { tally, added } = aStore();
          for (const seconds of times) tally.observe('settle_seconds', { of: 'gateway' }, seconds);
          await tally.flush();

          const entries = added.flat();
          const countOf = (le: string): number =>
            entries.find(({ labels }) => labels.le === le)?.value ?? 0;
          let before = 0;
          for (const bound of families.settle_seconds.bounds) {
            before += countOf(String(bound));
            expect(before).toBe(times.filter((time) => time <= bound).length);
          }
          expect(before + countOf('+Inf')).toBe(times.length);
          const sum = entries.find(({ name }) => name === 'settle_seconds_sum')?.value;
          expect(sum).toBeCloseTo(
            times.reduce((total, time) => total + Math.max(0, time), 0),
            5,
          );
        },
      ),
    ));
});

describe('the counted VPC API', () => {
  const error: CloudError = {
    class: 'throttled',
    code: 'Throttling',
    message: '',
    requestId: null,
  };
  const failed = async () => ({ kind: 'failed', error }) as const;
  const api: VpnApi = {
    listConnections: failed,
    describeConnection: async () => ({ kind: 'ok', value: null }),
    listGateways: failed,
    describeGateway: failed,
    listCustomerGateways: failed,
    connectionLogs: failed,
    diagnose: failed,
    modify: async () => ({ kind: 'throttled', error }),
  };
  const query = { regionId: 'cn-hangzhou', pageNumber: 1 };

  it('counts each call under its action, with the code of its answer', async () => {
    const { tally, added } = aStore();
    const counted = countCalls(api, tally);
    await counted.listConnections(query);
    await counted.describeConnection({ regionId: 'cn-hangzhou', vpnConnectionId: 'vco-1' });
    await counted.listGateways(query);
    await counted.describeGateway({ regionId: 'cn-hangzhou', vpnGatewayId: 'vpn-1' });
    await counted.listCustomerGateways(query);
    await counted.modify({
      regionId: 'cn-hangzhou',
      vpnConnectionId: 'vco-1',
      attachType: 'CEN',
      part: 'connection',
      tunnels: [],
      clientToken: 'token',
      fields: {},
    });
    await tally.flush();

    expect(added.flat().map(({ labels: { action, code } }) => `${action} ${code}`)).toEqual([
      'DescribeVpnConnections Throttling',
      'DescribeVpnConnection OK',
      'DescribeVpnGateways Throttling',
      'DescribeVpnGateway Throttling',
      'DescribeCustomerGateways Throttling',
      'ModifyVpnAttachmentAttribute Throttling',
    ]);
  });
});
