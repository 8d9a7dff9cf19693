import { describe, expect, it } from 'vitest';
import { createSimulator } from '../../local/simulator/simulator.ts';
import { aCloud, aSmallInventory, FakeClock, REGION, replyOf, signedForm, stamp } from './cloud.ts';

const MINUTE_MS = 60_000;

describe('signatures (BEHAVIOUR.md "Signatures")', () => {
  it('lets a well signed request in', async () => {
    const { call } = aCloud();

    expect(await call('DescribeRegions')).toMatchObject({ status: 200 });
  });

  it.each([
    ['an unknown key', { AccessKeyId: 'LTAIother' }, 404, 'InvalidAccessKeyId.NotFound'],
    ['a wrong signature', { Signature: 'AAAA' }, 400, 'SignatureDoesNotMatch'],
    ['an empty signature', { Signature: '' }, 400, 'IncompleteSignature'],
    ['another method', { SignatureMethod: 'HMAC-MD5' }, 400, 'InvalidSignatureMethod'],
    ['another version', { SignatureVersion: '2.0' }, 400, 'IncompleteSignature'],
    ['a malformed timestamp', { Timestamp: 'yesterday' }, 400, 'InvalidTimeStamp.Format'],
    ['a missing nonce', { SignatureNonce: '' }, 400, 'MissingParameter'],
    ['an uncalled-for token', { SecurityToken: 'x' }, 400, 'InvalidSecurityToken.Malformed'],
    ['another product version', { Version: '2014-05-26' }, 404, 'InvalidApi.NotFound'],
  ])('refuses %s', async (_name, overrides, status, code) => {
    const { call } = aCloud();

    const reply = await call('DescribeRegions', {}, overrides);

    expect(reply).toMatchObject({ status, body: { Code: code } });
  });

  it.each([
    [14 * MINUTE_MS, 200],
    [16 * MINUTE_MS, 400],
    [-14 * MINUTE_MS, 200],
    [-16 * MINUTE_MS, 400],
  ])('takes a timestamp that is %d ms off with status %d', async (offMs, status) => {
    const { call, clock } = aCloud();

    const reply = await call('DescribeRegions', {}, { Timestamp: stamp(clock.now() + offMs) });

    expect(reply.status).toBe(status);
    expect(reply.body.Code).toBe(status === 200 ? undefined : 'InvalidTimeStamp.Expired');
  });

  it('refuses a nonce that was used before', async () => {
    const { call, clock } = aCloud();
    await call('DescribeRegions', {}, { SignatureNonce: 'same' });

    clock.advance(MINUTE_MS);
    const again = await call('DescribeRegions', {}, { SignatureNonce: 'same' });

    expect(again).toMatchObject({ status: 400, body: { Code: 'SignatureNonceUsed' } });
  });

  it('does not use up the nonce of a request with a wrong signature', async () => {
    const { call } = aCloud();
    await call('DescribeRegions', {}, { SignatureNonce: 'same', Signature: 'AAAA' });

    expect((await call('DescribeRegions', {}, { SignatureNonce: 'same' })).status).toBe(200);
  });

  it('forgets nonces whose timestamps would be refused anyway', async () => {
    const { call, clock } = aCloud();
    await call('DescribeRegions', {}, { SignatureNonce: 'same' });

    clock.advance(31 * MINUTE_MS);

    expect((await call('DescribeRegions', {}, { SignatureNonce: 'same' })).status).toBe(200);
  });

  it('quotes the string to sign with every parameter encoded twice', async () => {
    const { call } = aCloud();

    const reply = await call(
      'ModifyVpnConnectionAttribute',
      { IkeConfig: '{"Psk":"s#cret"}' },
      { Signature: 'AAAA' },
    );

    expect(reply.body.Message).toContain('server string to sign is:POST&%2F&');
    expect(reply.body.Message).toContain('s%2523cret');
    expect(reply.body.Message).not.toContain('s#cret');
  });

  it.each([
    [{ secret: 's', inactive: true }, 's', 403, 'InvalidAccessKeyId.Inactive'],
    [{ secret: 's', expiresAt: 1 }, 's', 400, 'InvalidSecurityToken.Expired'],
    [{ secret: 's', securityToken: 't' }, 's', 400, 'InvalidSecurityToken.Malformed'],
  ])('refuses a key like %j', async (key, secret, status, code) => {
    const clock = new FakeClock();
    const simulator = createSimulator({
      clock,
      inventory: aSmallInventory(),
      accessKeys: { STS: key },
    });
    const body = signedForm(
      { Action: 'DescribeRegions', AccessKeyId: 'STS' },
      { Timestamp: stamp(clock.now()), SignatureNonce: '1' },
      { secret },
    );

    const reply = replyOf(await simulator.handle({ method: 'POST', path: '/', headers: {}, body }));

    expect(reply).toMatchObject({ status, body: { Code: code } });
  });

  it('signs GET requests over their query', async () => {
    const clock = new FakeClock();
    const simulator = createSimulator({ clock, inventory: aSmallInventory() });
    const query = signedForm(
      { Action: 'DescribeVpnConnections', RegionId: REGION },
      { Timestamp: stamp(clock.now()), SignatureNonce: '1' },
      { method: 'GET' },
    );

    const answer = await simulator.handle({
      method: 'GET',
      path: `/?${query}`,
      headers: {},
      body: '',
    });

    expect(answer.status).toBe(200);
  });
});
