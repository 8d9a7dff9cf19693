import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindowCounter } from '../../local/simulator/window-counter.ts';
import { aCloud } from './cloud.ts';

const read = { VpnConnectionId: 'vco-a' };

describe('quotas (BEHAVIOUR.md "Quotas")', () => {
  it('throttle the call beyond the quota with status 400', async () => {
    const { call } = aCloud({ quotas: { reads: 2 } });
    await call('DescribeVpnConnection', read);
    await call('DescribeVpnConnection', read);

    const third = await call('DescribeVpnConnection', read);

    expect(third).toMatchObject({ status: 400, body: { Code: 'Throttling.User' } });
  });

  it('slide: a call is admitted again 60 s after the oldest one', async () => {
    const { call, clock } = aCloud({ quotas: { reads: 2 } });
    await call('DescribeVpnConnection', read);
    clock.advance(30_000);
    await call('DescribeVpnConnection', read);

    clock.advance(29_999);
    const tooEarly = await call('DescribeVpnConnection', read);
    clock.advance(1);
    const again = await call('DescribeVpnConnection', read);
    const tooMany = await call('DescribeVpnConnection', read);

    expect([tooEarly, again, tooMany].map((reply) => reply.status)).toEqual([400, 200, 400]);
  });

  it('count each action and each region by itself', async () => {
    const { call } = aCloud({ quotas: { reads: 1 } });
    await call('DescribeVpnConnections');

    const otherAction = await call('DescribeVpnGateways');
    const otherRegion = await call('DescribeVpnConnections', { RegionId: 'eu-central-1' });
    const same = await call('DescribeVpnConnections');

    expect([otherAction, otherRegion, same].map((reply) => reply.status)).toEqual([200, 200, 400]);
  });

  it('are 600 reads and 120 writes unless told otherwise', async () => {
    const { call, modify, simulator } = aCloud();

    for (let count = 0; count < 610; count += 1) await call('DescribeVpnConnection', read);
    for (let count = 0; count < 125; count += 1) await modify('vco-a');

    expect(simulator.record.snapshot()).toMatchObject({
      throttled: 15,
      windowMaxima: {
        'cn-hangzhou/DescribeVpnConnection': 610,
        'cn-hangzhou/ModifyVpnConnectionAttribute': 125,
      },
    });
  });

  it('can differ by action and be lifted', async () => {
    const { call } = aCloud({
      quotas: { reads: Number.POSITIVE_INFINITY, byAction: { DescribeRegions: 0 } },
    });

    expect((await call('DescribeRegions')).body.Code).toBe('Throttling.User');
    expect((await call('DescribeVpnGateways')).status).toBe(200);
  });
});

describe('the sliding window', () => {
  it('agrees with counting by hand', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 200 }), (gaps) => {
        const counter = new WindowCounter(100);
        const times: number[] = [];
        let now = 0;
        let maximum = 0;
        for (const gap of gaps) {
          now += gap;
          times.push(now);
          counter.add(now);
          const expected = times.filter((time) => time > now - 100).length;
          maximum = Math.max(maximum, expected);

          expect(counter.count(now)).toBe(expected);
        }
        expect(counter.maximum).toBe(maximum);
      }),
    );
  });

  it('forgets what is long past without losing count', () => {
    const counter = new WindowCounter(10);

    for (let time = 0; time < 10_000; time += 1) counter.add(time);

    expect(counter.count(9_999)).toBe(10);
    expect(counter.maximum).toBe(10);
  });
});
