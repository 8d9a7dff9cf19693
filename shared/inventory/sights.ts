import type { VpnConnection } from '../connection/model.ts';
import type { CloudError } from '../connection/vpn-api.ts';
import type { Observations, Observed } from './observations.ts';
import type { Faults } from './region-reads.ts';

/** One connection that somebody wants to see, as it was not before `notBefore` (monotonic milliseconds). */
export interface Look {
  regionId: string;
  vpnConnectionId: string;
  /** The gateway whose state matters too; null for attachments, and where only the connection matters. */
  vpnGatewayId: string | null;
  /** Whether the gateway's own state must be known to be settled first. */
  awaitsGateway: boolean;
  /** Whether a list does not show enough. */
  needsOwnRead: boolean;
  notBefore: number;
}

/** What a look saw. */
export type Sight =
  | { kind: 'seen'; connection: VpnConnection | null; readAt: number }
  /** The gateway is still updating; the connection was not read. */
  | { kind: 'gateway_updating'; readAt: number }
  | { kind: 'failed'; error: CloudError };

/** Whether the look still needs its connection: not seen yet, and its gateway not known to be updating. */
export function isOpen(observed: Observations, look: Look): boolean {
  const gateway = gatewayOf(observed, look);
  if (gateway === null || gateway?.value === true) return false;
  return seenBy(observed, look) === null;
}

/** Whether the look's gateway was updating; null where that is still to be read, undefined where it does not matter. */
function gatewayOf(
  observed: Observations,
  { awaitsGateway, vpnGatewayId, notBefore }: Look,
): Observed<boolean> | null | undefined {
  if (!awaitsGateway || vpnGatewayId === null) return undefined;
  return observed.gatewayIsUpdating(vpnGatewayId, notBefore);
}

/** The look's connection, read no earlier than its gateway: before, that may still have been at work. */
export function seenBy(observed: Observations, look: Look): ReturnType<Observations['connection']> {
  const { vpnConnectionId, notBefore, needsOwnRead } = look;
  const since = Math.max(notBefore, gatewayOf(observed, look)?.readAt ?? notBefore);
  return observed.connection(vpnConnectionId, since, needsOwnRead);
}

/** What the look sees in what was read; where nothing was, what went wrong. */
export function sightOf(observed: Observations, look: Look, faults: Faults): Sight {
  const fault = faults.get(look.vpnConnectionId) ?? faults.get(look.vpnGatewayId ?? '');
  const gateway = gatewayOf(observed, look);
  if (gateway === null) return { kind: 'failed', error: fault ?? notShown };
  if (gateway?.value === true) return { kind: 'gateway_updating', readAt: gateway.readAt };
  const seen = seenBy(observed, look);
  if (seen) return { kind: 'seen', connection: seen.value, readAt: seen.readAt };
  return { kind: 'failed', error: fault ?? notShown };
}

const notShown: CloudError = {
  class: 'unknown_fate',
  code: 'NotShown',
  message: 'the cloud did not show what was asked for; it is asked again',
  requestId: null,
};
