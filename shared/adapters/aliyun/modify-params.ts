import { appliesTo, blockOf, entriesOf, type FieldValue } from '../../connection/fields.ts';
import type { ModifyRequest } from '../../connection/vpn-api.ts';
import { AppError } from '../../platform/errors.ts';
import type { RpcParams } from './serialize.ts';

/**
 * The parameters of ModifyVpnConnectionAttribute or ModifyVpnAttachmentAttribute for one request; the same request
 * gives the same texts in the same order. Raises `internal` for a request that could do harm: an IKE block without its
 * key (the cloud may then make one up; keys of SM gateways, recognised by `sm3`, cannot be sent), only one or none of
 * the two subnets (such updates fail), a field that the action does not have, or a token that is not 1 to 64 ASCII
 * characters. Sources: API documents of both actions, `IkeConfig` and `ClientToken`; aliyun/terraform-provider-alicloud
 * PR 5078 for the subnets.
 */
export function modifyParamsOf(request: ModifyRequest): RpcParams {
  assertComplete(request);
  const plain: Record<string, FieldValue> = {};
  const blocks: Record<string, Record<string, FieldValue>> = {};
  for (const [path, value] of entriesOf(request.fields)) {
    const place = blockOf(path);
    if (place === null) plain[nameFor(path, request)] = value;
    else blocks[place.block] = { ...blocks[place.block], [place.key]: value };
  }
  return {
    RegionId: request.regionId,
    VpnConnectionId: request.vpnConnectionId,
    ClientToken: request.clientToken,
    ...plain,
    ...blocks,
  };
}

/** One certificate, two names. Source: API documents of both actions. */
function nameFor(path: string, { attachType }: ModifyRequest): string {
  return path === 'RemoteCaCertificate' && attachType !== 'VPNGW' ? 'RemoteCaCert' : path;
}

function assertComplete({ fields, attachType, clientToken }: ModifyRequest): void {
  const paths = entriesOf(fields).map(([path]) => path);
  const stranger = paths.find((path) => !appliesTo(path, attachType));
  if (stranger !== undefined) {
    throw new AppError('internal', `${stranger} cannot be sent for attach type ${attachType}`);
  }
  const hasIke = paths.some((path) => path.startsWith('IkeConfig.'));
  if (hasIke && !fields['IkeConfig.Psk'] && fields['IkeConfig.IkeAuthAlg'] !== 'sm3') {
    throw new AppError('internal', 'an IKE block must not be sent without its key');
  }
  if (!fields.LocalSubnet || !fields.RemoteSubnet) {
    throw new AppError('internal', 'a change must be sent with both of its subnets');
  }
  if (!/^[\x21-\x7e]{1,64}$/.test(clientToken)) {
    throw new AppError('internal', 'a client token must be 1 to 64 ASCII characters');
  }
}
