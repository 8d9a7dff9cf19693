import { ApiFault } from './errors.ts';
import type { Parameters } from './parameters.ts';
import type { ConnectionEntry, RegionState } from './region-index.ts';

/**
 * A new `CustomerGatewayId`, of a connection or of one of its tunnels; undefined when it stays. Not while the
 * connection is unattached (API document ModifyVpnAttachmentAttribute).
 * @throws ApiFault `UnsupportedOperation`, `InvalidCustomerGatewayInstanceId.NotFound`.
 */
export function customerGatewayOf(
  params: Parameters,
  region: RegionState,
  entry: ConnectionEntry,
  current: string,
): string | undefined {
  const id = params.get('CustomerGatewayId');
  if (!id || id === current) return undefined;
  if (entry.current.attachType === 'NO_ASSOCIATED') {
    throw new ApiFault(
      'UnsupportedOperation',
      'The customer gateway of this connection cannot be changed.',
    );
  }
  if (region.customerGateways.has(id)) return id;
  throw new ApiFault('InvalidCustomerGatewayInstanceId.NotFound');
}

/**
 * The certificate of the peer's CA; undefined when it stays. VPN gateways have to be ShangMi ones and call it
 * `RemoteCaCertificate`; attachments call it `RemoteCaCert`, and their tunnels have none (same documents). Its form is
 * not looked at: the documents show PEM in one place and Base64 in another.
 * @throws ApiFault `UnsupportedParameter`.
 */
export function certificateOf(
  params: Parameters,
  name: 'RemoteCaCertificate' | 'RemoteCaCert',
  { gateway }: ConnectionEntry,
): string | undefined {
  const text = params.get(name);
  if (!text) return undefined;
  const isTaken =
    gateway === null
      ? name === 'RemoteCaCert'
      : name === 'RemoteCaCertificate' && gateway.current.vpnType === 'NationalStandard';
  if (isTaken) return text;
  throw new ApiFault('UnsupportedParameter', `The parameter ${name} is not supported here.`);
}
