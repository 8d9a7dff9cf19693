import { ApiFault } from '../errors.ts';
import { hasTags, readPage, readTagFilters, requiredText, slicePage } from '../parameters.ts';
import type { RegionState } from '../region-index.ts';
import type { CustomerGateway, Json } from '../shapes.ts';
import { type ActionContext, regionOf } from './context.ts';

/** API document DescribeCustomerGateway. */
export function describeCustomerGateway(context: ActionContext): Json {
  const id = requiredText(context.params, 'CustomerGatewayId');
  const found = regionOf(context).customerGateways.get(id);
  if (!found) throw new ApiFault('InvalidCustomerGatewayInstanceId.NotFound');
  return customerGatewayAnswer(found);
}

/** API document DescribeCustomerGateways. */
export function describeCustomerGateways(context: ActionContext): Json {
  const { params } = context;
  const page = readPage(params);
  const tags = readTagFilters(params);
  const groupId = params.get('ResourceGroupId');
  const all = named(regionOf(context), params.get('CustomerGatewayId'));
  const found =
    tags.length === 0 && !groupId
      ? all
      : all.filter(
          (item) => (!groupId || item.resourceGroupId === groupId) && hasTags(item.tags, tags),
        );
  return {
    ...page,
    TotalCount: found.length,
    CustomerGateways: { CustomerGateway: slicePage(found, page).map(customerGatewayAnswer) },
  };
}

function named(region: RegionState, id: string | undefined): readonly CustomerGateway[] {
  if (!id) return region.lists.customerGateways;
  const found = region.customerGateways.get(id);
  return found ? [found] : [];
}

function customerGatewayAnswer(gateway: CustomerGateway): Json {
  return {
    CustomerGatewayId: gateway.id,
    Name: gateway.name,
    Description: gateway.description,
    CreateTime: gateway.createTime,
    IpAddress: gateway.ipAddress,
    Asn: gateway.asn,
    AuthKey: gateway.authKey,
    ResourceGroupId: gateway.resourceGroupId,
    Tags: { Tag: gateway.tags },
  };
}
