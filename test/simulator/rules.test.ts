import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aCloud } from './cloud.ts';

const bgp = (block: object) => ({ BgpConfig: JSON.stringify(block) });
const ike = (block: object) => ({ IkeConfig: JSON.stringify({ Psk: 'k', ...block }) });
const ipsec = (block: object) => ({ IpsecConfig: JSON.stringify(block) });
const health = (block: object) => ({ HealthCheckConfig: JSON.stringify(block) });
const ON = { EnableBgp: 'true', TunnelCidr: '169.254.11.0/30', LocalBgpIp: '169.254.11.1' };

describe('parameter rules (BEHAVIOUR.md "Parameter rules")', () => {
  it.each([
    ['vco-a', { Name: 'http://x' }, 'InvalidName'],
    ['vco-a', { Name: 'x'.repeat(101) }, 'InvalidName'],
    ['vco-a', { Name: '' }, 'InvalidName'],
    ['vco-a', { LocalSubnet: '10.0.0.0' }, 'IllegalParam.LocalSubnet'],
    ['vco-a', { LocalSubnet: '10.0.0.0/33' }, 'IllegalParam.LocalSubnet'],
    ['vco-a', { RemoteSubnet: '10.0.0.0/8,' }, 'IllegalParam.RemoteSubnet'],
    ['vco-a', { RemoteSubnet: Array(11).fill('10.0.0.0/8').join() }, 'IllegalParam.RemoteSubnet'],
    ['vco-a', { EffectImmediately: 'yes' }, 'IllegalParam.EffectImmediately'],
    ['vco-a', { ClientToken: 'x'.repeat(65) }, 'IllegalParam.ClientToken'],
    ['vco-a', { ClientToken: 'ü' }, 'IllegalParam.ClientToken'],
    ['vco-a', { IkeConfig: 'no json' }, 'InvalidParameter'],
    ['vco-a', { IkeConfig: '[object Object]' }, 'InvalidParameter'],
    ['vco-a', { IkeConfig: '[]' }, 'InvalidParameter'],
    ['vco-a', ike({ Psk: 'with space' }), 'IllegalParam.Psk'],
    ['vco-a', ike({ Psk: "quo'te" }), 'IllegalParam.Psk'],
    ['vco-a', ike({ Psk: 'back\\slash' }), 'IllegalParam.Psk'],
    ['vco-a', ike({ Psk: 'x'.repeat(101) }), 'IllegalParam.Psk'],
    ['vco-a', ike({ IkeVersion: 'ikev3' }), 'IllegalParam.IkeVersion'],
    ['vco-a', ike({ IkeVersion: {} }), 'IllegalParam.IkeVersion'],
    ['vco-a', ike({ IkeMode: 'fast' }), 'IllegalParam.IkeMode'],
    ['vco-a', ike({ IkeEncAlg: 'aes128' }), 'IllegalParam.IkeEncAlg'],
    ['vco-a', ike({ IkeAuthAlg: 'sm3' }), 'IllegalParam.IkeAuthAlg'],
    ['vco-a', ike({ IkePfs: 'group24' }), 'IllegalParam.IkePfs'],
    ['vco-a', ike({ IkeLifetime: 86_401 }), 'IllegalParam.IkeLifetime'],
    ['vco-a', ike({ IkeLifetime: 1.5 }), 'IllegalParam.IkeLifetime'],
    ['vco-a', ike({ LocalId: 'a b' }), 'IllegalParam.LocalId'],
    ['vco-a', ike({ RemoteId: 'x'.repeat(101) }), 'IllegalParam.RemoteId'],
    ['vco-a', ipsec({ IpsecEncAlg: 'rc4' }), 'IllegalParam.IpsecEncAlg'],
    ['vco-a', ipsec({ IpsecAuthAlg: 'sha' }), 'NotSupportVpnConnectionParameter.IpsecAuthAlg'],
    ['vco-a', ipsec({ IpsecPfs: 'group24' }), 'NotSupportVpnConnectionParameter.IpsecPfs'],
    ['vco-a', ipsec({ IpsecLifetime: -1 }), 'IllegalParam.IpsecLifetime'],
    ['vco-a', bgp({ EnableBgp: 'maybe' }), 'IllegalParam.BgpConfig'],
    ['vco-a', bgp({ LocalAsn: 0 }), 'IllegalParam.LocalAsn'],
    ['vco-a', bgp({ LocalAsn: '1.65536' }), 'IllegalParam.LocalAsn'],
    ['vco-a', bgp({ LocalAsn: 4_294_967_296 }), 'IllegalParam.LocalAsn'],
    ['vco-a', bgp({ EnableBgp: 'true' }), 'MissingParameter.TunnelCidr'],
    ['vco-a', bgp({ ...ON, TunnelCidr: 'x' }), 'InvalidTunnelCidr.Malformed'],
    ['vco-a', bgp({ ...ON, TunnelCidr: '169.254.3.0/30' }), 'IllegalParam.TunnelCidr'],
    ['vco-a', bgp({ ...ON, TunnelCidr: '169.254.11.2/30' }), 'IllegalParam.TunnelCidr'],
    ['vco-a', bgp({ ...ON, TunnelCidr: '10.0.0.0/30' }), 'IllegalParam.TunnelCidr'],
    ['vco-a', bgp({ ...ON, LocalBgpIp: 'x' }), 'InvalidLocalBgpIp.Malformed'],
    ['vco-a', bgp({ ...ON, LocalBgpIp: '169.254.11.3' }), 'IllegalParam.LocalBgpIp'],
    ['vco-c', bgp(ON), 'OperationUnsupported.EnableBgp'],
    ['vco-a', health({ enable: 'maybe' }), 'IllegalParam.HealthCheckConfig'],
    ['vco-a', health({ dip: '1.1.1' }), 'IllegalParam.HealthCheckConfig'],
    ['vco-cen', health({ Policy: 'none' }), 'IllegalParam.HealthCheckConfig'],
    ['vco-cen', { CustomerGatewayId: 'cgw-9' }, 'InvalidCustomerGatewayInstanceId.NotFound'],
    ['vco-free', { CustomerGatewayId: 'cgw-2' }, 'UnsupportedOperation'],
    ['vco-cen', { NetworkType: 'private' }, 'IllegalParam.NetworkType'],
    ['vco-a', { CustomerGatewayId: 'cgw-2' }, 'UnsupportedParameter'],
    ['vco-a', { NetworkType: 'public' }, 'UnsupportedParameter'],
    ['vco-a', { TunnelId: 'tun-1' }, 'UnsupportedParameter'],
  ])('refuse for %s %j with %s', async (id, params, code) => {
    const { modify, simulator } = aCloud();

    const reply = await modify(id, params);

    expect(reply.body.Code).toBe(code);
    expect(simulator.record.writes()).toMatchObject([{ outcome: 'refused', code }]);
  });

  it('refuse BGP towards a customer gateway without an ASN', async () => {
    const { modify, clock } = aCloud();
    await modify('vco-cen', { CustomerGatewayId: 'cgw-2' });
    clock.advance(10_000);

    expect((await modify('vco-cen', bgp(ON))).body.Code).toBe('MissingParam.CustomerGatewayAsn');
  });

  it('refuse a tunnel network that a sibling on the gateway has', async () => {
    const { modify, clock } = aCloud();
    await modify('vco-a', bgp(ON));
    clock.advance(10_000);

    expect((await modify('vco-b', bgp(ON))).body.Code).toBe('IllegalParam.TunnelCidr');
  });

  it.each(['LocalSubnet', 'RemoteSubnet'])('want %s with an IKE change', async (name) => {
    const strict = aCloud();
    const lenient = aCloud({ requireSubnets: false });

    const refused = await strict.modify('vco-a', { ...ike({}), [name]: '' });
    const accepted = await lenient.modify('vco-a', { ...ike({}), [name]: '' });

    expect(refused.body).toMatchObject({
      Code: 'MissingParameter',
      Message: expect.stringContaining(name),
    });
    expect(accepted.status).toBe(200);
  });

  it('accept what the documents allow', async () => {
    const { modify } = aCloud();

    const { body } = await modify('vco-a', {
      Name: 'x',
      EffectImmediately: 'true',
      EnableDpd: 'false',
      ...ike({ IkeLifetime: '0', IkeAuthAlg: 'sha512', LocalId: 'here.example', Unknown: 1 }),
      ...ipsec({ IpsecPfs: 'disabled' }),
      ...bgp({ ...ON, LocalAsn: '123.456' }),
      HealthCheckConfig: '{"enable":"true","Dip":"192.168.1.1","retry":"5"}',
    });

    expect(body).toMatchObject({
      Name: 'x',
      EffectImmediately: true,
      EnableDpd: false,
      IkeConfig: { IkeLifetime: 0, LocalId: 'here.example' },
      IpsecConfig: { IpsecPfs: 'disabled' },
      VpnBgpConfig: { EnableBgp: 'true', LocalAsn: 8_061_384, PeerBgpIp: '169.254.11.2' },
      VcoHealthCheck: { Enable: 'true', Dip: '192.168.1.1', Retry: 5, Interval: 3 },
    });
    expect(body.IkeConfig).not.toHaveProperty('Unknown');
  });

  it('ignore keys that every JavaScript object has', async () => {
    const { modify } = aCloud();

    const reply = await modify('vco-a', ike({ constructor: 'x', toString: 'y' }));

    expect(reply.status).toBe(200);
  });

  it('answer any text in any block with a code and never with a crash', async () => {
    const { modify } = aCloud();
    const anyBlock = fc.oneof(fc.string(), fc.json(), fc.constant('{"IkeVersion":[]}'));

    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('IkeConfig', 'IpsecConfig', 'BgpConfig', 'HealthCheckConfig'),
        anyBlock,
        async (name, text) => {
          const reply = await modify('vco-a', { [name]: text });

          expect([200, 400]).toContain(reply.status);
        },
      ),
    );
  });

  it('do not quote a refused key', async () => {
    const { modify } = aCloud();

    const reply = await modify('vco-a', ike({ Psk: 'my secret' }));

    expect(reply.text).not.toContain('my secret');
  });
});
