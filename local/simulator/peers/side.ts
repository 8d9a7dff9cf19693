import type { Connection, IkeConfig, IpsecConfig } from '../shapes.ts';

/**
 * What one side negotiates by. Both sides are written from the cloud's point of view: `LocalId` is the cloud's own id
 * and `RemoteId` the peer's, so that two sides agree when their values are equal.
 */
export interface Side {
  readonly ike: IkeConfig;
  readonly ipsec: IpsecConfig;
}

/** Values that a peer is told, on top of those it has. */
export interface SideChange {
  readonly ike?: Partial<IkeConfig>;
  readonly ipsec?: Partial<IpsecConfig>;
}

/** Codes of DiagnoseVpnConnections (help page "common IPsec errors" and the SDK's model texts; more are not known). */
export type FailureCode =
  | 'PeerMismatch'
  | 'AlgorithmMismatch'
  | 'EncryptionAlgorithmMismatch'
  | 'AuthenticationAlgorithmMismatch'
  | 'DhGroupMismatch'
  | 'Phase1NegotiationTimeout';

/** Why a negotiation came to nothing. */
export interface Failure {
  /** 1 = the IKE SA, 2 = the IPsec SA below it. */
  readonly phase: 1 | 2;
  readonly code: FailureCode;
  /** The values that differ, the cloud's and the peer's; empty where they are keys or nothing answered. */
  readonly local: string;
  readonly remote: string;
}

/** What a held tunnel fails with: nobody answers. */
export const silence: Failure = {
  phase: 1,
  code: 'Phase1NegotiationTimeout',
  local: '',
  remote: '',
};

/** The cloud's side of a tunnel, or of a single-tunnel connection. */
export function cloudSideOf(connection: Connection, tunnelId: string | null): Side {
  const { ike, ipsec } =
    connection.tunnels.find((each) => each.tunnelId === tunnelId) ?? connection;
  return { ike, ipsec };
}

export function changedSide(side: Side, change: SideChange): Side {
  return { ike: { ...side.ike, ...change.ike }, ipsec: { ...side.ipsec, ...change.ipsec } };
}

/** True when a negotiation by either side would go the same way, lifetimes included. */
export function isSameSide(one: Side, other: Side): boolean {
  return isSameBlock(one.ike, other.ike) && isSameBlock(one.ipsec, other.ipsec);
}

function isSameBlock<Block extends object>(one: Block, other: Block): boolean {
  for (const key in one) if (one[key] !== other[key]) return false;
  return true;
}

type Row<Block> = readonly [field: keyof Block, code: FailureCode];

/** By what two sides know each other (help page: received packets do not match the customer gateway). */
const acquaintance: readonly Row<IkeConfig>[] = [
  ['Psk', 'PeerMismatch'],
  ['IkeVersion', 'PeerMismatch'],
  ['IkeMode', 'PeerMismatch'],
  ['LocalId', 'PeerMismatch'],
  ['RemoteId', 'PeerMismatch'],
];

const ikeProposal: readonly Row<IkeConfig>[] = [
  ['IkeEncAlg', 'AlgorithmMismatch'],
  ['IkeAuthAlg', 'AuthenticationAlgorithmMismatch'],
  ['IkePfs', 'DhGroupMismatch'],
];

const ipsecProposal: readonly Row<IpsecConfig>[] = [
  ['IpsecEncAlg', 'EncryptionAlgorithmMismatch'],
  ['IpsecAuthAlg', 'AuthenticationAlgorithmMismatch'],
  ['IpsecPfs', 'DhGroupMismatch'],
];

/** Why the two sides cannot make an IKE SA; null when they can. */
export function ikeFailure(cloud: Side, peer: Side): Failure | null {
  // The mode belongs to IKEv1 alone: with IKEv2 nobody looks at it.
  const known = acquaintance.filter(
    ([field]) => field !== 'IkeMode' || cloud.ike.IkeVersion === 'ikev1',
  );
  const stranger = differing(known, cloud.ike, peer.ike)[0];
  if (stranger) return failureOf(1, [stranger], cloud.ike, peer.ike);
  return failureOf(1, differing(ikeProposal, cloud.ike, peer.ike), cloud.ike, peer.ike);
}

/** Why the two sides cannot make an IPsec SA below their IKE SA; null when they can. */
export function ipsecFailure(cloud: Side, peer: Side): Failure | null {
  return failureOf(2, differing(ipsecProposal, cloud.ipsec, peer.ipsec), cloud.ipsec, peer.ipsec);
}

function differing<Block>(
  rows: readonly Row<Block>[],
  cloud: Block,
  peer: Block,
): readonly Row<Block>[] {
  return rows.filter(([field]) => cloud[field] !== peer[field]);
}

function failureOf<Block extends object>(
  phase: Failure['phase'],
  rows: readonly Row<Block>[],
  cloud: Block,
  peer: Block,
): Failure | null {
  const [first, ...others] = rows;
  if (first === undefined) return null;
  const code = others.length > 0 ? 'AlgorithmMismatch' : first[1];
  // What differs is quoted (API document DiagnoseVpnConnections), but never a key.
  const isSecret = first[0] === 'Psk';
  const quote = (block: Block): string =>
    isSecret ? '' : rows.map(([field]) => String(block[field])).join(',');
  return { phase, code, local: quote(cloud), remote: quote(peer) };
}
