import { describedConnection, listedAttachment, listedConnection } from '../connection-answers.ts';
import { ApiFault } from '../errors.ts';
import {
  hasTags,
  type Parameters,
  readPage,
  readTagFilters,
  requiredText,
  slicePage,
} from '../parameters.ts';
import type { ConnectionEntry, RegionState } from '../region-index.ts';
import { refusalOfRead, sentinelsOf } from '../sentinels.ts';
import type { Json } from '../shapes.ts';
import { type ActionContext, regionOf } from './context.ts';

/** API document DescribeVpnConnection. */
export function describeVpnConnection(context: ActionContext): Json {
  const region = regionOf(context);
  const entry = region.connections.get(requiredText(context.params, 'VpnConnectionId'));
  if (!entry) throw new ApiFault('InvalidVpnConnectionInstanceId.NotFound');
  entry.readCalls += 1;
  const refusal = refusalOfRead(sentinelsOf(entry.current), entry.readCalls);
  if (refusal !== null) throw new ApiFault(refusal);
  return describedConnection(context.state, region, entry);
}

/** API document DescribeVpnConnections; the keys stand in the list too. */
export function describeVpnConnections(context: ActionContext): Json {
  const region = regionOf(context);
  const page = readPage(context.params);
  context.state.settleAll();
  const found = narrow(candidates(region, context.params), context.params);
  return {
    ...page,
    TotalCount: found.length,
    VpnConnections: {
      VpnConnection: slicePage(found, page).map((entry) =>
        listedConnection(context.state, region, entry),
      ),
    },
  };
}

/** API document DescribeVpnAttachments: connections without a VPN gateway, attached to a transit router or not. */
export function describeVpnAttachments(context: ActionContext): Json {
  const region = regionOf(context);
  const { params } = context;
  const page = readPage(params);
  context.state.settleAll();
  const id = params.get('VpnConnectionId');
  const attachType = params.get('AttachType');
  const all = id ? one(region.connections.get(id)) : region.lists.attachments;
  const found =
    id || attachType
      ? all.filter(
          (entry) =>
            entry.gateway === null && (!attachType || entry.current.attachType === attachType),
        )
      : all;
  return {
    ...page,
    TotalCount: found.length,
    VpnAttachments: slicePage(found, page).map((entry) => listedAttachment(entry)),
  };
}

function one(entry: ConnectionEntry | undefined): readonly ConnectionEntry[] {
  return entry ? [entry] : [];
}

/** The shortest indexed list that holds every match. */
function candidates(region: RegionState, params: Parameters): readonly ConnectionEntry[] {
  const id = params.get('VpnConnectionId');
  if (id) return one(region.connections.get(id));
  const gatewayId = params.get('VpnGatewayId');
  if (gatewayId) return region.gateways.get(gatewayId)?.connections ?? [];
  const customerId = params.get('CustomerGatewayId');
  if (customerId) return [...(region.byCustomerGateway.get(customerId) ?? [])];
  return region.lists.connections;
}

function narrow(
  entries: readonly ConnectionEntry[],
  params: Parameters,
): readonly ConnectionEntry[] {
  const tags = readTagFilters(params);
  const gatewayId = params.get('VpnGatewayId');
  const customerId = params.get('CustomerGatewayId');
  const groupId = params.get('ResourceGroupId');
  // The common lists are returned as they stand: copying 5,000 entries for each page would cost more than the page.
  if (
    tags.length === 0 &&
    !groupId &&
    !(gatewayId && customerId) &&
    !params.get('VpnConnectionId')
  ) {
    return entries;
  }
  return entries.filter(
    ({ current, gateway }) =>
      (!gatewayId || gateway?.current.id === gatewayId) &&
      (!customerId ||
        current.customerGatewayId === customerId ||
        current.tunnels.some((tunnel) => tunnel.customerGatewayId === customerId)) &&
      (!groupId || current.resourceGroupId === groupId) &&
      hasTags(current.tags, tags),
  );
}
