import { describe, expect, it } from 'vitest';
import { makeConnection } from '../../local/simulator/defaults.ts';
import { errorTable } from '../../local/simulator/error-table.ts';
import { aCloud, aSmallInventory, type Cloud, REGION } from './cloud.ts';

function withSentinel(name: string, tag?: { readonly Key: string; readonly Value: string }): Cloud {
  const connection = makeConnection({
    regionId: REGION,
    id: 'vco-s',
    customerGatewayId: 'cgw-1',
    vpnGatewayId: 'vpn-2',
    name,
    tags: tag ? [tag] : [],
  });
  return aCloud({ inventory: aSmallInventory(connection) });
}

/** Codes that the documents name by pattern only, with one example each. */
const families: readonly (readonly [string, number])[] = [
  ['IncorrectStatus.VpnConnection', 400],
  ['InvalidParameter.Name', 400],
  ['IllegalParam.Name', 400],
  ['MissingParam.Name', 400],
  ['MissingVpnConnectionId', 400],
  ['QuotaExceeded.Vpn', 400],
  ['CreateRoute.QuotaFull', 400],
  ['Forbidden.Unsubscribed', 403],
  ['InvalidSecurityToken.Mismatch', 400],
  ['InvalidVpcId.NotFound', 404],
  ['Throttling.Something', 400],
];

describe('sentinels (BEHAVIOUR.md "Sentinels")', () => {
  const exact = Object.entries(errorTable).map(([code, [status]]) => [code, status] as const);

  it.each([...exact, ...families])('can force %s with status %d', async (code, status) => {
    const { modify } = withSentinel(`x sim:error=${code}`);

    const reply = await modify('vco-s');

    expect(reply).toMatchObject({
      status,
      body: { Code: code, Message: expect.any(String), RequestId: expect.any(String) },
    });
  });

  it('knows every code by its own message', () => {
    for (const [status, message] of Object.values(errorTable)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(message.length).toBeGreaterThan(10);
    }
  });

  it('works by tag too', async () => {
    const { modify } = withSentinel('x', { Key: 'sim:error', Value: 'VpnTask.CONFLICT' });

    expect((await modify('vco-s')).body.Code).toBe('VpnTask.CONFLICT');
  });

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
