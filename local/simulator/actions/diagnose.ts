import { missing, type Parameters, readPage, slicePage, textsOf } from '../parameters.ts';
import { cloudTimeOf, logText } from '../peers/cloud-time.ts';
import type { TunnelSession } from '../peers/session.ts';
import type { FailureCode } from '../peers/side.ts';
import { failureText } from '../peers/tunnel-log.ts';
import type { ConnectionEntry, RegionState } from '../region-index.ts';
import type { Json } from '../shapes.ts';
import { type ActionContext, regionOf } from './context.ts';

/** What the codes mean, in the words of the help page "common IPsec errors". */
const REASONS: { readonly [Code in FailureCode]: string } = {
  PeerMismatch: 'The received protocol packets do not match the customer gateway',
  AlgorithmMismatch: 'Encryption algorithm, authentication algorithm or DH group mismatch',
  EncryptionAlgorithmMismatch: 'IPsec encryption algorithm mismatch',
  AuthenticationAlgorithmMismatch: 'Authentication algorithm mismatch',
  DhGroupMismatch: 'DH group mismatch',
  Phase1NegotiationTimeout: 'Phase1 negotiation timeout',
};

/** API document DiagnoseVpnConnections: connections of one tunnel by their ids, tunnels of pairs by theirs. */
export function diagnoseVpnConnections(context: ActionContext): Json {
  const { params } = context;
  const page = readPage(params);
  const found = subjects(params, regionOf(context));
  return {
    ...page,
    TotalCount: found.length,
    VpnConnections: slicePage(found, page).map((subject) => diagnosis(context, subject)),
  };
}

interface Subject {
  readonly entry: ConnectionEntry;
  readonly session: TunnelSession;
}

function subjects(params: Parameters, region: RegionState): readonly Subject[] {
  const connectionIds = textsOf(params, 'VpnConnectionIds');
  const tunnelIds = textsOf(params, 'TunnelIds');
  if (connectionIds.length === 0 && tunnelIds.length === 0) throw missing('VpnConnectionIds');
  const named = [
    ...connectionIds.map((id) => ({ entry: region.connections.get(id), tunnelId: null })),
    ...tunnelIds.map((id) => ({ entry: region.byTunnel.get(id), tunnelId: id })),
  ];
  const gatewayId = params.get('VpnGatewayId');
  return named.flatMap(({ entry, tunnelId }) => {
    if (!entry || (gatewayId && entry.current.vpnGatewayId !== gatewayId)) return [];
    const session = entry.sessions.find((each) => each.tunnelId === tunnelId);
    if (!session) throw missing('TunnelIds');
    return [{ entry, session }];
  });
}

function diagnosis(context: ActionContext, { entry, session }: Subject): Json {
  const now = context.state.settle(entry.lane);
  const who = { VpnConnectionId: entry.current.id, TunnelId: session.tunnelId ?? '' };
  const failure = session.failureAt(now);
  if (failure === null) return { ...who, Severity: 'Normal' };
  const line = { at: failure.failedAt, text: failureText(failure) };
  return {
    ...who,
    Severity: 'Critical',
    FailedReasonCode: failure.code,
    FailedReason: REASONS[failure.code],
    FailedTime: cloudTimeOf(failure.failedAt, context),
    MismatchLocalParam: failure.local,
    MismatchRemoteParam: failure.remote,
    SourceLog: logText(line, entry.current.id, context),
  };
}
