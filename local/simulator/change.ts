import type { ActionContext } from './actions/context.ts';
import { readBgp, readHealthCheck, readIke, readIpsec } from './blocks.ts';
import { ApiFault } from './errors.ts';
import { illegal, missing, optionalBoolean, type Parameters } from './parameters.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';
import { areSubnets, isName } from './rules.ts';
import type { Connection, ConnectionPatch } from './shapes.ts';

/** Parameters that a dual-tunnel connection refuses (API documents, "parameters of the two modes"). */
const SINGLE_TUNNEL_ONLY = [
  'IkeConfig',
  'IpsecConfig',
  'BgpConfig',
  'HealthCheckConfig',
  'EnableDpd',
  'EnableNatTraversal',
];

/** Parts of the documented API that are refused by name. */
const NOT_SIMULATED = /^(TunnelOptionsSpecification\b|EnableTunnelsBgp$|RemoteCaCert)/;

/**
 * The change that a Modify request asks for, checked against the documented rules.
 * @throws ApiFault with the documented code of the first rule that is broken.
 */
export function changeOf(
  context: ActionContext,
  region: RegionState,
  entry: ConnectionEntry,
): ConnectionPatch {
  const { params } = context;
  const { current } = entry;
  refuseUnsupported(params, current);
  refuseWithoutSubnets(context);
  const patch: { -readonly [Key in keyof ConnectionPatch]: ConnectionPatch[Key] } = {
    ...textChanges(params),
    ...switchChanges(params),
  };
  const customerGatewayId = newCustomerGateway(params, region, current);
  if (customerGatewayId !== undefined) patch.customerGatewayId = customerGatewayId;
  const ike = readIke(context, region, entry);
  if (ike) patch.ike = ike;
  const ipsec = readIpsec(context, current);
  if (ipsec) patch.ipsec = ipsec;
  const bgp = readBgp(context, region, entry);
  if (bgp) patch.bgp = bgp;
  const healthCheck = readHealthCheck(context, current);
  if (healthCheck) patch.healthCheck = healthCheck;
  return patch;
}

function refuseUnsupported(params: Parameters, current: Connection): void {
  for (const name of params.keys()) {
    if (!NOT_SIMULATED.test(name)) continue;
    throw new ApiFault('UnsupportedParameter', `The parameter ${name} is not simulated.`);
  }
  if (current.tunnels.length === 0) return;
  const wrong = SINGLE_TUNNEL_ONLY.find((name) => params.has(name));
  if (wrong === undefined) return;
  throw new ApiFault(
    'UnsupportedParameter',
    `The parameter ${wrong} is not supported by a dual-tunnel connection.`,
  );
}

/** IKE changes without both subnets failed in the Terraform provider until it sent them always (its PR #5078). */
function refuseWithoutSubnets({ params, semantics }: ActionContext): void {
  if (!semantics.requireSubnets) return;
  if (!params.has('IkeConfig') && !params.has('IpsecConfig')) return;
  for (const name of ['LocalSubnet', 'RemoteSubnet']) {
    if (!params.get(name)) throw missing(name);
  }
}

function textChanges(params: Parameters): ConnectionPatch {
  const name = params.get('Name');
  if (name !== undefined && !isName(name)) throw new ApiFault('InvalidName');
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

function switchChanges(params: Parameters): ConnectionPatch {
  const effectImmediately = optionalBoolean(params, 'EffectImmediately');
  const autoConfigRoute = optionalBoolean(params, 'AutoConfigRoute');
  const enableDpd = optionalBoolean(params, 'EnableDpd');
  const enableNatTraversal = optionalBoolean(params, 'EnableNatTraversal');
  return {
    ...(effectImmediately === undefined ? {} : { effectImmediately }),
    ...(autoConfigRoute === undefined ? {} : { autoConfigRoute }),
    ...(enableDpd === undefined ? {} : { enableDpd }),
    ...(enableNatTraversal === undefined ? {} : { enableNatTraversal }),
  };
}

/** Attachments only, and not while unattached (API document ModifyVpnAttachmentAttribute). */
function newCustomerGateway(
  params: Parameters,
  region: RegionState,
  current: Connection,
): string | undefined {
  const networkType = params.get('NetworkType');
  if (networkType && networkType !== current.networkType) throw illegal('NetworkType');
  const id = params.get('CustomerGatewayId');
  if (!id || id === current.customerGatewayId) return undefined;
  if (current.attachType !== 'CEN' || current.tunnels.length > 0) {
    throw new ApiFault(
      'UnsupportedOperation',
      'The customer gateway of this connection cannot be changed.',
    );
  }
  if (!region.customerGateways.has(id)) {
    throw new ApiFault('InvalidCustomerGatewayInstanceId.NotFound');
  }
  return id;
}
