import { appliesTo, blockOf, type FieldPlace, type FieldValue } from '../../connection/fields.ts';
import type { TunnelIdentity } from '../../connection/model.ts';
import { entriesOf, valuePath } from '../../connection/values.ts';
import {
  connectionPart,
  type ModifyAction,
  type ModifyRequest,
  modifyActionFor,
} from '../../connection/vpn-api.ts';
import { AppError } from '../../platform/errors.ts';
import type { RpcParams } from './serialize.ts';

type Nested = Record<string, FieldValue | Record<string, FieldValue>>;

/**
 * The parameters of the Modify action for one request; the same request gives the same texts in the same order.
 * Raises `internal` for a request that could do harm: an IKE block without its key (the cloud may then make one up; keys
 * of SM gateways, recognised by `sm3`, cannot be sent), only one or none of the two subnets (such updates fail), a field
 * that the action does not have there, fields of a tunnel that is not named, more than one tunnel in a request for one,
 * or a token that is not 1 to 64 ASCII characters. Sources: API documents of the three actions, `IkeConfig` and
 * `ClientToken`; aliyun/terraform-provider-alicloud PR 5078 for the subnets.
 */
export function modifyParamsOf(request: ModifyRequest): RpcParams {
  const action = modifyActionFor(request);
  assertComplete(request, action);
  const { regionId, vpnConnectionId, clientToken, tunnels } = request;
  const common = {
    RegionId: regionId,
    VpnConnectionId: vpnConnectionId,
    ClientToken: clientToken,
  };
  if (action === 'ModifyTunnelAttribute') {
    const specification = nestedFields(request, request.part);
    return { ...common, TunnelId: request.part, TunnelOptionsSpecification: specification };
  }
  const options = tunnels.map((tunnel) => ({
    ...namesFor(tunnel, action),
    ...nestedFields(request, tunnel.tunnelId),
  }));
  return {
    ...common,
    ...nestedFields(request, null),
    ...(options.length === 0 ? {} : { TunnelOptionsSpecification: options }),
  };
}

/**
 * All names that the action takes, from the same read: a mix-up of two tunnels is then refused and hits neither.
 * Source: `TunnelOptionsSpecification` of both actions.
 */
function namesFor({ tunnelId, role, index }: TunnelIdentity, action: ModifyAction): Nested {
  const second =
    action === 'ModifyVpnConnectionAttribute'
      ? { ...(role === null ? {} : { Role: role }) }
      : { ...(index === null ? {} : { TunnelIndex: index }) };
  return { TunnelId: tunnelId, ...second };
}

function nestedFields(request: ModifyRequest, tunnel: string | null): Nested {
  const nested: Nested = {};
  const blocks: Record<string, Record<string, FieldValue>> = {};
  for (const entry of entriesOf(request.fields)) {
    if (entry.tunnel !== tunnel) continue;
    const place = blockOf(entry.field);
    if (place === null) nested[nameFor(entry.field, tunnel, request)] = entry.value;
    else {
      const name = tunnel === null ? place.block : `Tunnel${place.block}`;
      blocks[name] = { ...blocks[name], [place.key]: entry.value };
    }
  }
  return { ...nested, ...blocks };
}

/** One certificate, two names. Source: API documents of both actions. */
function nameFor(field: string, tunnel: string | null, { attachType }: ModifyRequest): string {
  const isOther = field === 'RemoteCaCertificate' && tunnel === null && attachType !== 'VPNGW';
  return isOther ? 'RemoteCaCert' : field;
}

function assertComplete(request: ModifyRequest, action: ModifyAction): void {
  assertFieldsKnown(request);
  assertKeysThere(request);
  const isForTunnel = action === 'ModifyTunnelAttribute';
  const { fields, part, tunnels, clientToken } = request;
  const isAlone = tunnels.length === 1 && tunnels[0]?.tunnelId === part;
  if (part !== connectionPart && !isAlone) {
    throw new AppError('internal', 'a change of one tunnel must be sent with that tunnel alone');
  }
  if (!isForTunnel && (!fields.LocalSubnet || !fields.RemoteSubnet)) {
    throw new AppError('internal', 'a change must be sent with both of its subnets');
  }
  if (!/^[\x21-\x7e]{1,64}$/.test(clientToken)) {
    throw new AppError('internal', 'a client token must be 1 to 64 ASCII characters');
  }
}

function assertFieldsKnown(request: ModifyRequest): void {
  const { fields, attachType, tunnels } = request;
  const isDual = request.part !== connectionPart || tunnels.length > 0;
  const named = new Set(tunnels.map(({ tunnelId }) => tunnelId));
  const isForTunnel = modifyActionFor(request) === 'ModifyTunnelAttribute';
  const stranger = entriesOf(fields).find(({ tunnel, field }) => {
    if (tunnel !== null) return !named.has(tunnel) || !appliesTo(field, 'tunnel', attachType);
    // A connection part without tunnels may be one of either kind.
    const places: readonly FieldPlace[] = isDual ? ['dual'] : ['single', 'dual'];
    return isForTunnel || !places.some((place) => appliesTo(field, place, attachType));
  });
  if (stranger === undefined) return;
  throw new AppError('internal', `${stranger.path} cannot be sent for attach type ${attachType}`);
}

function assertKeysThere({ fields }: ModifyRequest): void {
  const holders = entriesOf(fields)
    .filter(({ field }) => blockOf(field)?.block === 'IkeConfig')
    .map(({ tunnel }) => tunnel);
  const keyless = holders.some(
    (tunnel) =>
      !fields[valuePath(tunnel, 'IkeConfig.Psk')] &&
      fields[valuePath(tunnel, 'IkeConfig.IkeAuthAlg')] !== 'sm3',
  );
  if (keyless) throw new AppError('internal', 'an IKE block must not be sent without its key');
}
