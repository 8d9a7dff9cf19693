import { describe, expect, it } from 'vitest';
import {
  parseConnection,
  parseCustomerGatewayPage,
} from '../../../../shared/adapters/aliyun/wire.ts';
import type { VpnConnection } from '../../../../shared/connection/model.ts';

function read(changes: object): VpnConnection | null {
  const answer = { VpnConnectionId: 'vco-one', VpnGatewayId: 'vpn-one', AttachType: 'VPNGW' };
  return parseConnection({ ...answer, ...changes }, 'cn-hangzhou');
}

describe('parseConnection', () => {
  it('reads what tells connections apart from the connection and its tunnels', () => {
    const tunnel = (customer: string, status: string) => ({
      TunnelId: `tun-${customer}`,
      CustomerGatewayId: customer,
      Status: status,
    });
    const connection = read({
      AttachType: 'CEN',
      VpnGatewayId: 'vpn-not-exist',
      TransitRouterId: 'tr-one',
      CustomerGatewayId: '',
      TunnelOptionsSpecification: {
        TunnelOptions: [
          tunnel('cgw-one', 'ipsec_sa_established'),
          tunnel('cgw-two', 'ike_sa_not_established'),
        ],
      },
    });

    expect(connection).toMatchObject({
      customerGatewayIds: ['cgw-one', 'cgw-two'],
      negotiations: ['ipsec_sa_established', 'ike_sa_not_established'],
      transitRouterId: 'tr-one',
    });
  });

  it.each([
    { container: 'Tag', tags: { Tag: [{ Key: 'env', Value: 'prod' }] } },
    { container: 'Tags', tags: { Tag: [{ Key: 'env', Value: 'prod' }, null] } },
    { container: 'Tags', tags: { Tag: [{ Key: 'env', Value: 'prod' }, { Value: 'no key' }] } },
  ])('reads tags of $container', ({ container, tags }) => {
    expect(read({ [container]: tags })?.tags).toEqual({ env: 'prod' });
  });

  it('has no tags where they cannot be read, and an empty value where a tag has none', () => {
    expect(read({ Tags: 'env=prod' })?.tags).toEqual({});
    expect(read({ Tag: { Tag: [{ Key: 'env' }] } })?.tags).toEqual({ env: '' });
  });
});

describe('a page of customer gateways', () => {
  it('is read without their BGP keys', () => {
    const gateways = [
      { CustomerGatewayId: 'cgw-one', IpAddress: '203.0.113.1', AuthKey: 'planted-auth-key' },
      { CustomerGatewayId: 'cgw-two' },
    ];
    const page = parseCustomerGatewayPage(
      { TotalCount: 2, CustomerGateways: { CustomerGateway: gateways } },
      'cn-hangzhou',
    );

    expect(page).toEqual({
      items: [
        { regionId: 'cn-hangzhou', customerGatewayId: 'cgw-one', ipAddress: '203.0.113.1' },
        { regionId: 'cn-hangzhou', customerGatewayId: 'cgw-two', ipAddress: null },
      ],
      total: 2,
    });
  });

  it('is not understood with a hole in it', () => {
    const body = {
      TotalCount: 1,
      CustomerGateways: { CustomerGateway: [{ IpAddress: '1.1.1.1' }] },
    };

    expect(parseCustomerGatewayPage(body, 'cn-hangzhou')).toBeNull();
  });
});
