import { describe, expect, it } from 'vitest';
import { makeConnection } from '../../local/simulator/defaults.ts';
import { aCloud, aSmallInventory, type Cloud, REGION } from './cloud.ts';

function withSentinel(name: string): Cloud {
  const connection = makeConnection({
    regionId: REGION,
    id: 'vco-s',
    customerGatewayId: 'cgw-1',
    vpnGatewayId: 'vpn-2',
    name,
  });
  return aCloud({ inventory: aSmallInventory(connection) });
}

describe('sentinels (BEHAVIOUR.md "Sentinels")', () => {
  it.each([
    ['sim:busy=3', 'VpnGateway.Configuring', 3],
    ['sim:busy', 'VpnGateway.Configuring', 1],
    ['sim:error=TaskConflict@2', 'TaskConflict', 2],
    ['sim:500=2', 'InternalError', 2],
    ['sim:503', 'ServiceUnavailable', 1],
    ['sim:throttled=2', 'Throttling.User', 2],
  ])('%s refuses with %s that many times: %d', async (name, code, times) => {
    const { modify } = withSentinel(name);
    const codes: unknown[] = [];

    for (let count = 0; count <= times; count += 1) codes.push((await modify('vco-s')).body.Code);

    expect(codes).toEqual([...Array(times).fill(code), undefined]);
  });

  it.each([
    ['sim:lost', true, true],
    ['sim:dropped', true, false],
    ['sim:500-applied', false, true],
    ['sim:502', false, false],
    ['sim:502-applied', false, true],
    ['sim:truncated', false, true],
  ])('%s strikes once, drops: %s, applies: %s', async (name, drops, applies) => {
    const { modify, simulator } = withSentinel(name);

    const first = await modify('vco-s', { ClientToken: 't' });
    const effective = simulator.record.writes().filter((write) => write.effective).length;
    const second = await modify('vco-s', { ClientToken: 't' });

    expect(first.dropped).toBe(drops);
    expect(first.body.RequestId === undefined || first.body.Code !== undefined).toBe(true);
    expect(effective).toBe(applies ? 1 : 0);
    expect(second.status).toBe(200);
    expect(simulator.record.writes().filter((write) => write.effective)).toHaveLength(1);
  });

  it('sim:never-settles keeps the scope locked', async () => {
    const { modify, clock, call } = withSentinel('sim:never-settles');
    await modify('vco-s');

    clock.advance(86_400_000);

    expect((await modify('vco-c')).body.Code).toBe('VpnGateway.Configuring');
    const { body } = await call('DescribeVpnGateway', { VpnGatewayId: 'vpn-2' });
    expect(body.Status).toBe('updating');
  });

  it('sim:settle and sim:late set the times', async () => {
    const { modify, clock, call } = withSentinel('sim:settle=60000 sim:late=50000');
    await modify('vco-s');
    const states: unknown[] = [];

    for (const waitMs of [49_999, 1, 9_999, 1]) {
      clock.advance(waitMs);
      states.push((await call('DescribeVpnConnection', { VpnConnectionId: 'vco-s' })).body.State);
    }

    expect(states).toEqual(['active', 'updating', 'updating', 'active']);
  });

  it('sim:slow delays the answer', async () => {
    const { modify, clock } = withSentinel('sim:slow=4000');

    await modify('vco-s');

    expect(clock.slept).toEqual([4_000]);
  });

  it('sim:ignored settles without taking the values over', async () => {
    const { modify, clock, simulator } = withSentinel('sim:ignored');

    const { body } = await modify('vco-s', { LocalSubnet: '10.9.0.0/16' });
    clock.advance(10_000);

    expect(body.LocalSubnet).toBe('10.9.0.0/16');
    expect(simulator.state.connection(REGION, 'vco-s').localSubnet).toBe('10.0.0.0/16');
  });

  it('sim:read-error fails reads of that connection', async () => {
    const { call } = withSentinel('sim:read-error=Forbidden.RAM@1');
    const read = () => call('DescribeVpnConnection', { VpnConnectionId: 'vco-s' });

    expect(await read()).toMatchObject({ status: 403, body: { Code: 'Forbidden.RAM' } });
    expect((await read()).status).toBe(200);
  });

  it('leaves other connections alone', async () => {
    const { modify } = withSentinel('sim:error=Forbidden');

    expect((await modify('vco-a')).status).toBe(200);
  });
});
