import { ApiFault } from '../errors.ts';
import {
  hasTags,
  type Parameters,
  readPage,
  readTagFilters,
  requiredText,
  slicePage,
} from '../parameters.ts';
import type { GatewayEntry, RegionState } from '../region-index.ts';
import type { Json } from '../shapes.ts';
import type { CloudState } from '../state.ts';
import { type ActionContext, regionOf } from './context.ts';

/** API document DescribeVpnGateway. */
export function describeVpnGateway(context: ActionContext): Json {
  const region = regionOf(context);
  const entry = region.gateways.get(requiredText(context.params, 'VpnGatewayId'));
  if (!entry) throw new ApiFault('InvalidVpnGatewayInstanceId.NotFound');
  return gatewayAnswer(context.state, entry);
}

/** API document DescribeVpnGateways. */
export function describeVpnGateways(context: ActionContext): Json {
  const region = regionOf(context);
  const page = readPage(context.params);
  const found = matching(context.state, region, context.params);
  return {
    ...page,
    TotalCount: found.length,
    VpnGateways: {
      VpnGateway: slicePage(found, page).map((entry) => gatewayAnswer(context.state, entry)),
    },
  };
}

type GatewayTest = (entry: GatewayEntry, value: string, state: CloudState) => boolean;

const filters: readonly (readonly [name: string, test: GatewayTest])[] = [
  ['VpcId', (entry, value) => entry.current.vpcId === value],
  ['Status', (entry, value, state) => state.gatewayStatus(entry) === value],
  ['BusinessStatus', (entry, value) => entry.current.businessStatus === value],
  ['GatewayType', (entry, value) => entry.current.gatewayType === value],
  ['ResourceGroupId', (entry, value) => entry.current.resourceGroupId === value],
];

function matching(
  state: CloudState,
  region: RegionState,
  params: Parameters,
): readonly GatewayEntry[] {
  const id = params.get('VpnGatewayId');
  const named = id ? region.gateways.get(id) : undefined;
  const all = id ? (named ? [named] : []) : region.lists.gateways;
  const tags = readTagFilters(params);
  const wanted = filters.flatMap(([name, test]) => {
    const value = params.get(name);
    return value ? [(entry: GatewayEntry): boolean => test(entry, value, state)] : [];
  });
  if (wanted.length === 0 && tags.length === 0) return all;
  return all.filter(
    (entry) => wanted.every((test) => test(entry)) && hasTags(entry.current.tags, tags),
  );
}

function gatewayAnswer(state: CloudState, entry: GatewayEntry): Json {
  const gateway = entry.current;
  const tags = Object.fromEntries(gateway.tags.map((tag) => [tag.Key, tag.Value]));
  const recovery =
    gateway.disasterRecoveryInternetIp === null
      ? {}
      : {
          DisasterRecoveryInternetIp: gateway.disasterRecoveryInternetIp,
          DisasterRecoveryVSwitchId: gateway.disasterRecoveryVSwitchId ?? '',
        };
  return {
    VpnGatewayId: gateway.id,
    Name: gateway.name,
    Description: gateway.description,
    Status: state.gatewayStatus(entry),
    BusinessStatus: gateway.businessStatus,
    GatewayType: gateway.gatewayType,
    NetworkType: gateway.networkType,
    VpnType: gateway.vpnType,
    ChargeType: 'POSTPAY',
    CreateTime: gateway.createTime,
    EndTime: gateway.endTime,
    Spec: '200M',
    VpcId: gateway.vpcId,
    VSwitchId: gateway.vSwitchId,
    InternetIp: gateway.internetIp,
    ...recovery,
    EnableBgp: gateway.enableBgp,
    AutoPropagate: gateway.autoPropagate,
    IpsecVpn: 'enable',
    SslVpn: 'disable',
    SslMaxConnections: 0,
    SslVpnInternetIp: '',
    EniInstanceIds: { EniInstanceId: [] },
    ResourceGroupId: gateway.resourceGroupId,
    Tag: JSON.stringify(tags),
    Tags: { Tag: gateway.tags },
  };
}
