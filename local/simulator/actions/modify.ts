import { changeOf } from '../change.ts';
import { modifiedAttachment, modifiedConnection } from '../connection-answers.ts';
import { ApiFault } from '../errors.ts';
import type { ModifyAction } from '../modes.ts';
import { illegal, requiredText } from '../parameters.ts';
import { patched, touchedTunnels } from '../patch.ts';
import type { ConnectionEntry, RegionState } from '../region-index.ts';
import type { Connection, Json } from '../shapes.ts';
import { fingerprintOf } from '../tokens.ts';
import { modifiedTunnelAlone, type TunnelsOf } from '../tunnel-answers.ts';
import { type ActionContext, regionOf } from './context.ts';

const TOKEN = /^[\x21-\x7e]{1,64}$/;

interface ModifyKind {
  readonly action: ModifyAction;
  readonly isFor: (connection: Connection) => boolean;
  readonly answer: (tunnels: TunnelsOf) => Json;
}

const connectionKind: ModifyKind = {
  action: 'ModifyVpnConnectionAttribute',
  isFor: (connection) => connection.attachType === 'VPNGW',
  answer: modifiedConnection,
};

const attachmentKind: ModifyKind = {
  action: 'ModifyVpnAttachmentAttribute',
  isFor: (connection) => connection.attachType !== 'VPNGW',
  answer: modifiedAttachment,
};

const tunnelKind: ModifyKind = {
  action: 'ModifyTunnelAttribute',
  isFor: (connection) => connection.attachType === 'VPNGW' && connection.tunnels.length > 0,
  answer: modifiedTunnelAlone,
};

/** API document ModifyVpnConnectionAttribute: connections on a VPN gateway. */
export function modifyVpnConnectionAttribute(context: ActionContext): Json {
  return modify(context, connectionKind);
}

/** API document ModifyVpnAttachmentAttribute: connections on a transit router or unattached. */
export function modifyVpnAttachmentAttribute(context: ActionContext): Json {
  return modify(context, attachmentKind);
}

/** API document ModifyTunnelAttribute: one tunnel of a pair on a VPN gateway; locks the gateway (assumption). */
export function modifyTunnelAttribute(context: ActionContext): Json {
  return modify(context, tunnelKind);
}

function modify(context: ActionContext, kind: ModifyKind): Json {
  const region = regionOf(context);
  const entry = region.connections.get(requiredText(context.params, 'VpnConnectionId'));
  if (!entry || !kind.isFor(entry.current)) {
    throw new ApiFault('InvalidVpnConnectionInstanceId.NotFound');
  }
  const token = clientToken(context);
  const fingerprint = token === null ? '' : fingerprintOf(context.params);
  const tokenKey = `${region.region.regionId}|${token}`;
  if (token !== null) {
    // Looked up before the lock: the repeat of a lost request must not be told that the scope is busy with itself.
    const bound = context.tokens.find(tokenKey, fingerprint, context.now);
    if (bound) {
      context.repeated();
      return bound;
    }
  }
  const answer = apply(context, kind, region, entry);
  if (token !== null) context.tokens.bind(tokenKey, fingerprint, answer, context.now);
  return answer;
}

function apply(
  context: ActionContext,
  kind: ModifyKind,
  region: RegionState,
  entry: ConnectionEntry,
): Json {
  const { disturbance, state } = context;
  if (disturbance.refuseWith !== null) throw new ApiFault(disturbance.refuseWith);
  refuseLocked(entry);
  // Settled first, since a patch is made from what stands there now.
  state.settle(entry.lane);
  const patch = changeOf(context, kind.action, region, entry);
  const answer = kind.answer({
    region,
    connection: patched(entry.current, patch),
    updating: touchedTunnels(entry.current, patch),
  });
  state.accept(entry, {
    requestId: context.requestId,
    clientToken: context.params.get('ClientToken') ?? null,
    source: 'api',
    patch,
    isIgnored: disturbance.ignored,
    settleMs: disturbance.settleMs,
    lateMs: disturbance.lateMs,
  });
  return answer;
}

function refuseLocked(entry: ConnectionEntry): void {
  if (entry.gateway?.current.businessStatus === 'FinancialLocked') {
    throw new ApiFault('VpnGateway.FinancialLocked');
  }
  if (entry.current.financialLocked) throw new ApiFault('VpnConnection.FinancialLocked');
}

function clientToken(context: ActionContext): string | null {
  const token = context.params.get('ClientToken');
  if (token === undefined || token === '') return null;
  if (!TOKEN.test(token)) throw illegal('ClientToken');
  return token;
}
