import { fieldTable } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import { isUp, type VpnConnection } from '../connection/model.ts';
import type { TunnelProof } from '../connection/tunnel-proof.ts';
import { type PathParts, valuePath } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';
import type { ChangeProof, Direction, ProofSubject, Verdict } from './handover.ts';
import { worstVerdict } from './handover.ts';
import type { ChangeTunnel } from './record.ts';

/** Lifetime 0 is allowed, and means the default. Source: API document ModifyVpnConnectionAttribute, `IkeLifetime`. */
const defaultLifetimeSeconds = 86_400;

/** Those of some differences that both sides must agree on. */
export function agreedAmong(differences: readonly PathParts[]): readonly PathParts[] {
  return differences.filter(({ field }) => fieldTable[field].agreed);
}

/**
 * What a part has to show once it is written, as it is prepared; null where nothing is asked of it. `before` is the proof that was
 * prepared when its values were handed over: what was seen then counts, since the other side may have let go of the old values.
 */
export function proofToCome(of: {
  part: ChangePart;
  direction: Direction;
  /** What the part changes of what both sides must agree on. */
  agreed: readonly PathParts[];
  asked: TunnelProof;
  connection: Pick<VpnConnection, 'tunnels' | 'negotiation'>;
  tunnels: readonly ChangeTunnel[];
  base: MaskedValues;
  wanted: MaskedValues;
  before: ChangeProof | null;
}): ChangeProof | null {
  const { part, direction, agreed, asked, before } = of;
  if (asked === 'none' || agreed.length === 0) return null;
  const known = before?.part === part ? before : null;
  const subjects = subjectsNow(of).map(({ tunnelId, wasUp }): ProofSubject => {
    const seen = known?.subjects.find((subject) => subject.tunnelId === tunnelId);
    return {
      tunnelId,
      wasUp: seen?.wasUp ?? wasUp,
      downSince: null,
      logReadTo: null,
      verdict: null,
    };
  });
  const isAboutKeys = agreed.some(({ field }) => field.startsWith('IkeConfig.'));
  return {
    part,
    direction,
    subjects: subjects.filter(({ wasUp }) => asked === 'required' || wasUp),
    phase: isAboutKeys ? 'ike' : 'ipsec',
    unsettledAt: null,
    settledAt: null,
    lifetimeSeconds: longestLifetime(of),
  };
}

function subjectsNow(of: {
  part: ChangePart;
  connection: Pick<VpnConnection, 'tunnels' | 'negotiation'>;
  tunnels: readonly ChangeTunnel[];
}): readonly { tunnelId: string | null; wasUp: boolean }[] {
  const { part, connection } = of;
  if (connection.tunnels.length === 0) {
    const up = isUp(connection);
    return [{ tunnelId: null, wasUp: up }];
  }
  return connection.tunnels
    .filter(({ tunnelId }) => part === connectionPart || part === tunnelId)
    .map((tunnel) => {
      const up = isUp(tunnel);
      const known = of.tunnels.find(({ tunnelId }) => tunnelId === tunnel.tunnelId);
      return { tunnelId: tunnel.tunnelId, wasUp: known?.wasUp ?? up };
    });
}

/** The longest IKE lifetime of either side's old and new values, as far as they are known, seconds. */
function longestLifetime({
  base,
  wanted,
  connection,
}: {
  base: MaskedValues;
  wanted: MaskedValues;
  connection: Pick<VpnConnection, 'tunnels'>;
}): number {
  const places = [null, ...connection.tunnels.map(({ tunnelId }) => tunnelId)];
  const lifetimes = places.flatMap((tunnel) => {
    const path = valuePath(tunnel, 'IkeConfig.IkeLifetime');
    return [base[path], wanted[path]].filter((value) => typeof value === 'number');
  });
  if (lifetimes.length === 0) return defaultLifetimeSeconds;
  return Math.max(...lifetimes.map((seconds) => seconds || defaultLifetimeSeconds));
}

/** When the newest SAs of a tunnel were negotiated at the earliest, Unix milliseconds by the worker's clock; null when unknown. */
export interface Established {
  ike: number | null;
  ipsec: number | null;
}

/** What a look showed of a subject. */
export interface SubjectSight {
  isUp: boolean;
  /** Unix milliseconds by the worker's clock. */
  seenAt: number;
  /** What the tunnel's log says; null when it was not asked or does not tell. */
  established: Established | null;
}

/** Both phases of one negotiation are logged within this time. */
const sameMs = 2_000;

/**
 * The subject after a look. It is proved by a negotiation that is newer than the change: a tunnel that was down since the cloud was
 * done and is up; an SA that is logged to be younger than that; a whole negotiation since the last look that showed the cloud at
 * work, since nobody says when after that it took the new values (a renewal is of one phase and may still be of the old ones); or
 * being up when every SA of before is over. It is refuted when it is down for as long as a proof may take, and latent when it is up all that time and none
 * of this shows.
 */
export function judgeSubject(
  subject: ProofSubject,
  sight: SubjectSight,
  proof: ChangeProof,
  timeoutMs: number,
): ProofSubject {
  const { isUp: up, seenAt, established } = sight;
  const settledAt = Date.parse(proof.settledAt ?? '');
  if (!up) {
    const downSince = subject.downSince ?? new Date(seenAt).toISOString();
    const isOver = seenAt - Math.max(settledAt, Date.parse(downSince)) >= timeoutMs;
    return { ...subject, downSince, verdict: isOver ? 'refuted' : subject.verdict };
  }
  const isOutlived = seenAt - settledAt > proof.lifetimeSeconds * 1_000;
  if (subject.downSince !== null || isOutlived || isNewer(established, proof)) {
    return { ...subject, verdict: 'proved' };
  }
  const isLatent = seenAt - settledAt >= timeoutMs;
  return { ...subject, verdict: isLatent ? 'latent' : subject.verdict };
}

function isNewer(
  established: Established | null,
  { phase, unsettledAt, settledAt }: ChangeProof,
): boolean {
  if (established === null) return false;
  const { ike, ipsec } = established;
  const inQuestion = phase === 'ike' ? ike : ipsec;
  if (inQuestion !== null && inQuestion > Date.parse(settledAt ?? '')) return true;
  if (ike === null || ipsec === null || Math.abs(ike - ipsec) > sameMs) return false;
  return Math.min(ike, ipsec) > Date.parse(unsettledAt ?? settledAt ?? '');
}

/** What the whole of a proof has come to; null while some subject is open. */
export function verdictOf({ subjects }: Pick<ChangeProof, 'subjects'>): Verdict | null {
  if (subjects.some(({ verdict }) => verdict === 'refuted')) return 'refuted';
  if (subjects.some(({ verdict }) => verdict === null)) return null;
  return worstVerdict(subjects.map(({ verdict }) => verdict));
}
