import { describe, expect, it } from 'vitest';
import { SimulatorError } from '../../local/simulator/errors.ts';
import { aCloud, type Cloud, REGION } from './cloud.ts';

const IKE = { IkeVersion: 'ikev2', IkeEncAlg: 'aes256', Psk: 'newKey0123456789' };

async function stateOf({ call }: Cloud, id: string): Promise<string | undefined> {
  return (await call('DescribeVpnConnection', { VpnConnectionId: id })).body.State;
}

async function gatewayStatus({ call }: Cloud, id: string): Promise<string | undefined> {
  return (await call('DescribeVpnGateway', { VpnGatewayId: id })).body.Status;
}

describe('lock of a VPN gateway (BEHAVIOUR.md "Locks")', () => {
  it('refuses every other change of the gateway until the first is settled', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a');

    const same = await cloud.modify('vco-a');
    const sibling = await cloud.modify('vco-b');
    const elsewhere = await cloud.modify('vco-c');
    cloud.clock.advance(10_000);
    const later = await cloud.modify('vco-b');

    expect(same).toMatchObject({ status: 400, body: { Code: 'VpnGateway.Configuring' } });
    expect(sibling.body.Code).toBe('VpnGateway.Configuring');
    expect(elsewhere.status).toBe(200);
    expect(later.status).toBe(200);
  });

  it('shows the old final state while the change is late, then updating, then active', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a');
    const seen: unknown[] = [];

    for (const waitMs of [0, 1_999, 1, 7_999, 1]) {
      cloud.clock.advance(waitMs);
      seen.push([await gatewayStatus(cloud, 'vpn-1'), await stateOf(cloud, 'vco-a')]);
    }

    expect(seen).toEqual([
      ['active', 'active'],
      ['active', 'active'],
      ['updating', 'updating'],
      ['updating', 'updating'],
      ['active', 'active'],
    ]);
  });

  it('shows updating on the connection that changes and not on its siblings', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a');
    cloud.clock.advance(5_000);

    expect(await stateOf(cloud, 'vco-b')).toBe('active');
    expect(await stateOf(cloud, 'vco-a')).toBe('updating');
  });

  it('is busy already while the change does not show yet', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a');
    cloud.clock.advance(1_000);

    expect((await cloud.modify('vco-b')).body.Code).toBe('VpnGateway.Configuring');
  });

  it('refuses changes on a gateway that is locked for money', async () => {
    const cloud = aCloud();

    expect((await cloud.modify('vco-poor')).body.Code).toBe('VpnGateway.FinancialLocked');
  });
});

describe('lock of a connection without a VPN gateway (BEHAVIOUR.md "Locks")', () => {
  it.each([
    ['vco-cen', 'attached'],
    ['vco-free', 'init'],
  ])('locks %s alone and ends in %s', async (id, final) => {
    const cloud = aCloud();

    const first = await cloud.modify(id);
    const second = await cloud.modify(id);
    const other = await cloud.modify('vco-cen-dual');
    cloud.clock.advance(3_000);
    const during = await stateOf(cloud, id);
    cloud.clock.advance(7_000);

    expect(first.status).toBe(200);
    expect(second).toMatchObject({ status: 400, body: { Code: 'VpnConnection.Configuring' } });
    expect(other.status).toBe(200);
    expect(during).toBe('updating');
    expect(await stateOf(cloud, id)).toBe(final);
    expect((await cloud.modify(id)).status).toBe(200);
  });

  it('refuses changes of a connection that is locked for money', async () => {
    const cloud = aCloud();

    expect((await cloud.modify('vco-poor-cen')).body.Code).toBe('VpnConnection.FinancialLocked');
    expect(await stateOf(cloud, 'vco-poor-cen')).toBe('financialLocked');
  });

  it.each([
    ['ModifyVpnConnectionAttribute', 'vco-cen'],
    ['ModifyVpnAttachmentAttribute', 'vco-a'],
  ])('does not find by %s what the other action is for', async (action, id) => {
    const { call } = aCloud();

    const reply = await call(action, { VpnConnectionId: id, Name: 'x' });

    expect(reply).toMatchObject({
      status: 404,
      body: { Code: 'InvalidVpnConnectionInstanceId.NotFound' },
    });
  });
});

describe('values (BEHAVIOUR.md "Values")', () => {
  it('shows new values when settled and not before', async () => {
    const cloud = aCloud();

    const answer = await cloud.modify('vco-a', { Name: 'new', IkeConfig: JSON.stringify(IKE) });
    cloud.clock.advance(9_999);
    const before = await cloud.call('DescribeVpnConnection', { VpnConnectionId: 'vco-a' });
    cloud.clock.advance(1);
    const after = await cloud.call('DescribeVpnConnection', { VpnConnectionId: 'vco-a' });

    expect(answer.body).toMatchObject({ Name: 'new', IkeConfig: IKE });
    expect(before.body).toMatchObject({ Name: 'a', IkeConfig: { IkeVersion: 'ikev1' } });
    expect(after.body).toMatchObject({ Name: 'new', IkeConfig: IKE });
  });

  it('shows the same in lists as in single reads, at every moment', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a', { Name: 'new' });

    for (const waitMs of [0, 2_000, 8_000]) {
      cloud.clock.advance(waitMs);
      const list = await cloud.call('DescribeVpnConnections', { VpnGatewayId: 'vpn-1' });
      const { body } = await cloud.call('DescribeVpnConnection', { VpnConnectionId: 'vco-a' });
      const item = list.body.VpnConnections?.VpnConnection[0];

      expect([item?.State, item?.Name]).toEqual([body.State, body.Name]);
    }
  });

  it('shows new values at once when told so', async () => {
    const cloud = aCloud({ visibleAt: 'accepted' });

    await cloud.modify('vco-a', { Name: 'new' });
    const { body } = await cloud.call('DescribeVpnConnection', { VpnConnectionId: 'vco-a' });

    expect(body).toMatchObject({ Name: 'new', State: 'active' });
  });

  it('makes up a key of 16 characters for an IKE block without one', async () => {
    const cloud = aCloud();
    const { Psk: _, ...withoutKey } = IKE;

    const { body } = await cloud.modify('vco-a', { IkeConfig: JSON.stringify(withoutKey) });
    cloud.clock.advance(10_000);

    expect(body.IkeConfig?.Psk).toMatch(/^[a-z0-9]{16}$/);
    expect(cloud.simulator.state.connection(REGION, 'vco-a').ike.Psk).toBe(body.IkeConfig?.Psk);
  });

  it('keeps the key of an IKE block without one when told so', async () => {
    const cloud = aCloud({ pskBehaviour: 'merge' });

    const { body } = await cloud.modify('vco-a', { IkeConfig: '{"IkeVersion":"ikev2"}' });

    expect(body.IkeConfig?.Psk).toBe('simulatedKey00');
  });

  it('sets missing keys of a block to their defaults and leaves other blocks alone', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a', {
      IkeConfig: JSON.stringify({ ...IKE, IkePfs: 'group14', LocalId: 'here' }),
      IpsecConfig: '{"IpsecPfs":"disabled"}',
    });
    cloud.clock.advance(10_000);

    const { body } = await cloud.modify('vco-a', { IkeConfig: '{"Psk":"k"}' });

    expect(body.IkeConfig).toEqual({
      Psk: 'k',
      IkeVersion: 'ikev1',
      IkeMode: 'main',
      IkeEncAlg: 'aes',
      IkeAuthAlg: 'sha1',
      IkePfs: 'group2',
      IkeLifetime: 86_400,
      LocalId: '47.98.0.1',
      RemoteId: '139.1.1.1',
    });
    expect(body.IpsecConfig).toMatchObject({ IpsecPfs: 'disabled', IpsecEncAlg: 'aes' });
  });

  it('keeps missing keys of a block when told so', async () => {
    const cloud = aCloud({ updateSemantics: 'merge' });
    await cloud.modify('vco-a', { IkeConfig: JSON.stringify(IKE), IpsecConfig: '{}' });
    cloud.clock.advance(10_000);

    const { body } = await cloud.modify('vco-a', { IkeConfig: '{"Psk":"k"}' });

    expect(body.IkeConfig).toMatchObject({ ...IKE, Psk: 'k' });
  });

  it('answers the attachment action with a plain tunnel list and a status', async () => {
    const cloud = aCloud();

    const attachment = await cloud.modify('vco-cen-dual', { Name: 'new' });
    const connection = await cloud.modify('vco-dual', { Name: 'new' });

    expect(attachment.body).toMatchObject({
      Status: 'ipsec_sa_established',
      VpnGatewayId: 'vpn-not-exist',
      TunnelOptionsSpecification: [{ TunnelIndex: 1, EnableDpd: true }, { TunnelIndex: 2 }],
    });
    expect(connection.body).toMatchObject({
      TunnelOptionsSpecification: {
        TunnelOptions: [
          { Role: 'master', EnableDpd: true, TunnelIkeConfig: { IkeLifetime: 86_400 } },
          { Role: 'slave' },
        ],
      },
    });
    expect(connection.body).not.toHaveProperty('Status');
  });

  it('moves an attachment to another customer gateway', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-cen', { CustomerGatewayId: 'cgw-2' });
    cloud.clock.advance(10_000);

    const { body } = await cloud.call('DescribeVpnConnections', { CustomerGatewayId: 'cgw-2' });

    expect(body.VpnConnections?.VpnConnection.map((item) => item.VpnConnectionId)).toContain(
      'vco-cen',
    );
  });
});

describe('edits in the console (BEHAVIOUR.md "Tampering")', () => {
  it('locks the scope like a call and settles', async () => {
    const cloud = aCloud();

    cloud.simulator.state.tamper(REGION, 'vco-a', { name: 'theirs' });

    expect((await cloud.modify('vco-b')).body.Code).toBe('VpnGateway.Configuring');
    expect(cloud.simulator.state.inFlight(REGION, 'vco-b')).toBe(1);
    cloud.clock.advance(10_000);
    expect(cloud.simulator.state.connection(REGION, 'vco-a').name).toBe('theirs');
    expect(cloud.simulator.record.writes()[0]).toMatchObject({ source: 'console' });
  });

  it('takes effect at once with a settle time of zero', async () => {
    const cloud = aCloud();

    cloud.simulator.state.tamper(REGION, 'vco-a', { name: 'theirs' }, { settleMs: 0 });

    expect(cloud.simulator.state.connection(REGION, 'vco-a').name).toBe('theirs');
    expect((await cloud.modify('vco-a')).status).toBe(200);
  });

  it('is refused while a change is in flight', async () => {
    const cloud = aCloud();
    await cloud.modify('vco-a');

    const edit = () => cloud.simulator.state.tamper(REGION, 'vco-b', { name: 'theirs' });

    expect(edit).toThrow(SimulatorError);
    expect(edit).toThrow(expect.objectContaining({ code: 'scope_busy' }));
  });

  it('reaches over HTTP only what the operator opened', async () => {
    const cloud = aCloud({ admin: true });
    const tamper = (body: unknown) =>
      cloud.simulator.handle({
        method: 'POST',
        path: '/_simulator/tamper',
        headers: {},
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    const target = { regionId: REGION, vpnConnectionId: 'vco-a', settleMs: 0 };

    const done = await tamper({ ...target, changes: { ike: { Psk: 'theirs' } } });
    const statuses = [
      done.status,
      (await tamper({ ...target, changes: { nonsense: 1 } })).status,
      (await tamper('no json')).status,
      (await tamper({ ...target, vpnConnectionId: 'vco-none', changes: {} })).status,
      (await cloud.modify('vco-a')).status,
      (await tamper({ ...target, changes: { ipsec: { IpsecPfs: 'group5' } } })).status,
    ];

    expect(statuses).toEqual([200, 400, 400, 404, 200, 409]);
    expect(cloud.simulator.state.connection(REGION, 'vco-a').ike).toMatchObject({
      Psk: 'theirs',
      IkeVersion: 'ikev1',
    });
  });

  it('sets the negotiation state of a connection or a tunnel', async () => {
    const { simulator, call } = aCloud();

    simulator.state.setNegotiation(REGION, 'vco-dual', 'ike_sa_not_established', 'tun-2');
    simulator.state.setNegotiation(REGION, 'vco-dual', 'ike_sa_established');

    const { body } = await call('DescribeVpnConnection', { VpnConnectionId: 'vco-dual' });
    expect(body).toMatchObject({
      Status: 'ike_sa_established',
      TunnelOptionsSpecification: {
        TunnelOptions: [{ Status: 'ipsec_sa_established' }, { Status: 'ike_sa_not_established' }],
      },
    });
    expect(() =>
      simulator.state.setNegotiation(REGION, 'vco-dual', 'ike_sa_established', 'tun-9'),
    ).toThrow(SimulatorError);
  });
});
