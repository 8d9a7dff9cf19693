import type { ActionContext } from './actions/context.ts';
import { checkBgp } from './bgp.ts';
import { jsonBlock } from './blocks.ts';
import { bgpOf, healthCheckOf, ikeOf, ipsecOf, switchOf } from './configs.ts';
import { BGP_OFF, IKE_DEFAULTS } from './defaults.ts';
import { ApiFault } from './errors.ts';
import { madeUpKey } from './made-up-key.ts';
import { type ModifyAction, refuseForeign } from './modes.ts';
import { illegal, missing, optionalBoolean, type Parameters } from './parameters.ts';
import { certificateOf, customerGatewayOf } from './peer.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import { areSubnets, bgpRules, healthCheckRules, ikeRules, ipsecRules, isName } from './rules.ts';
import type { Connection, ConnectionPatch } from './shapes.ts';
import { listedTunnelChanges, singleTunnelChange } from './tunnel-change.ts';

/** Blocks of which a change needs both subnets beside it. */
const NEEDS_SUBNETS = /(^|\.)(Tunnel)?(Ike|Ipsec)Config(\.|$)/;

/**
 * The change that a Modify request asks for, checked against the documented rules.
 * @throws ApiFault with the documented code of the first rule that is broken.
 */
export function changeOf(
  context: ActionContext,
  action: ModifyAction,
  region: RegionState,
  entry: ConnectionEntry,
): ConnectionPatch {
  const isDual = entry.current.tunnels.length > 0;
  refuseForeign(context.params, action, isDual ? 'dual' : 'single');
  const patch =
    action === 'ModifyTunnelAttribute'
      ? { tunnels: [singleTunnelChange({ context, region, entry })] }
      : connectionChange(context, region, entry, isDual);
  checkBgp(region, entry, patch);
  return patch;
}

function connectionChange(
  context: ActionContext,
  region: RegionState,
  entry: ConnectionEntry,
  isDual: boolean,
): ConnectionPatch {
  refuseWithoutSubnets(context);
  const { params } = context;
  return {
    ...textChanges(params, entry.current),
    ...switchChanges(params, [
      ['EffectImmediately', 'effectImmediately'],
      ['AutoConfigRoute', 'autoConfigRoute'],
      ['EnableDpd', 'enableDpd'],
      ['EnableNatTraversal', 'enableNatTraversal'],
      ['EnableTunnelsBgp', 'enableTunnelsBgp'],
    ]),
    ...(isDual
      ? { tunnels: listedTunnelChanges({ context, region, entry }) }
      : onlyTunnelChange(context, region, entry)),
  };
}

/** IKE changes without both subnets failed in the Terraform provider until it sent them always (its PR #5078). */
function refuseWithoutSubnets({ params, semantics }: ActionContext): void {
  if (!semantics.requireSubnets) return;
  if (![...params.keys()].some((name) => NEEDS_SUBNETS.test(name))) return;
  for (const name of ['LocalSubnet', 'RemoteSubnet']) {
    if (!params.get(name)) throw missing(name);
  }
}

function textChanges(params: Parameters, current: Connection): ConnectionPatch {
  const name = params.get('Name');
  if (name !== undefined && !isName(name)) throw new ApiFault('InvalidName');
  const networkType = params.get('NetworkType');
  if (networkType && networkType !== current.networkType) throw illegal('NetworkType');
  const localSubnet = subnets(params, 'LocalSubnet');
  const remoteSubnet = subnets(params, 'RemoteSubnet');
  return {
    ...(name === undefined ? {} : { name }),
    ...(localSubnet === undefined ? {} : { localSubnet }),
    ...(remoteSubnet === undefined ? {} : { remoteSubnet }),
  };
}

function subnets(params: Parameters, name: string): string | undefined {
  const text = params.get(name);
  if (text === undefined || text === '') return undefined;
  if (areSubnets(text)) return text;
  throw new ApiFault(`IllegalParam.${name}`, `The specified "${name}" (${text}) is invalid.`);
}

type Switch =
  | 'effectImmediately'
  | 'autoConfigRoute'
  | 'enableDpd'
  | 'enableNatTraversal'
  | 'enableTunnelsBgp';

function switchChanges(
  params: Parameters,
  switches: readonly (readonly [name: string, field: Switch])[],
): ConnectionPatch {
  const patch: { [Field in Switch]?: boolean } = {};
  for (const [name, field] of switches) {
    const value = optionalBoolean(params, name);
    if (value !== undefined) patch[field] = value;
  }
  return patch;
}

/** What a single-tunnel connection has of its own and a pair has in each tunnel. */
function onlyTunnelChange(
  context: ActionContext,
  region: RegionState,
  entry: ConnectionEntry,
): ConnectionPatch {
  const { params, semantics } = context;
  const { current } = entry;
  const customerGatewayId = customerGatewayOf(params, region, entry, current.customerGatewayId);
  const certificate =
    certificateOf(params, 'RemoteCaCertificate', entry) ??
    certificateOf(params, 'RemoteCaCert', entry);
  const ipsec = jsonBlock(params, 'IpsecConfig', ipsecRules);
  const healthCheck = jsonBlock(params, 'HealthCheckConfig', healthCheckRules, capitalised);
  return {
    ...(customerGatewayId === undefined ? {} : { customerGatewayId }),
    ...(certificate === undefined ? {} : { remoteCaCertificate: certificate }),
    ...ikeChange(context, region, entry),
    ...(ipsec ? { ipsec: ipsecOf(ipsec, semantics, current.ipsec) } : {}),
    ...bgpChange(context, current),
    ...(healthCheck
      ? { healthCheck: healthCheckOf(healthCheck, semantics, current.healthCheck) }
      : {}),
  };
}

function ikeChange(
  { params, semantics, state }: ActionContext,
  region: RegionState,
  entry: ConnectionEntry,
): ConnectionPatch {
  const block = jsonBlock(params, 'IkeConfig', ikeRules);
  if (!block) return {};
  const { current, gateway } = entry;
  const peer = region.customerGateways.get(current.customerGatewayId);
  const defaults = {
    ...IKE_DEFAULTS,
    LocalId: gateway?.current.internetIp ?? current.internetIp,
    RemoteId: peer?.ipAddress ?? current.ike.RemoteId,
  };
  const newKey = (): string => madeUpKey(state, entry);
  return { ike: ikeOf(block, semantics, { current: current.ike, defaults, newKey }) };
}

function bgpChange({ params, semantics }: ActionContext, current: Connection): ConnectionPatch {
  const block = jsonBlock(params, 'BgpConfig', bgpRules);
  if (!block) return {};
  const base = semantics.updateSemantics === 'merge' ? current.bgp : BGP_OFF;
  return {
    bgp: { ...bgpOf(block, base), EnableBgp: switchOf(block, 'EnableBgp', base.EnableBgp) },
  };
}

/** Lower-case keys stand in the documents, capitalised ones are what the Terraform provider sends. */
function capitalised(key: string): string {
  return `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`;
}
