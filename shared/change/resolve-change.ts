import { appliesTo, type FieldPath, fieldPaths, fieldTable } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import type { VpnConnection } from '../connection/model.ts';
import { diffOf } from './diff.ts';
import type { ChangeError, DiffEntry } from './record.ts';

/** A connection as far as it decides what a wish means on it, keys as keyed digests. */
export type ChangeSubject = Pick<VpnConnection, 'attachType' | 'tunnelMode'> & {
  fields: MaskedValues;
};

/** What a wish means on a connection, before anything is written. */
export type ChangeOutlook =
  /** `fields` are those of the wish that stand in the way; empty when the connection itself does. */
  | { kind: 'refused'; error: ChangeError; fields: readonly FieldPath[] }
  /** `diff` is empty when every wanted value stands already. */
  | { kind: 'possible'; diff: readonly DiffEntry[]; warnings: readonly string[] };

/**
 * What changes when a connection gets the wanted values, or why it cannot. Both are masked under one key. Used when a
 * job is resolved and for its preview, so that the two say the same.
 */
export function resolveChange(subject: ChangeSubject, wanted: MaskedValues): ChangeOutlook {
  if (subject.tunnelMode === 'dual') return { kind: 'refused', error: dualTunnel, fields: [] };
  const foreign = fieldPaths.filter(
    (path) => wanted[path] !== undefined && !appliesTo(path, subject.attachType),
  );
  if (foreign.length > 0) {
    const kind = subject.attachType === 'VPNGW' ? 'a connection on a VPN gateway' : 'an attachment';
    const message = `${foreign.join(', ')} cannot be set on ${kind}`;
    return { kind: 'refused', error: refusal('FieldNotApplicable', message), fields: foreign };
  }
  const diff = diffOf(subject.fields, wanted);
  return { kind: 'possible', diff, warnings: warningsOf(diff) };
}

function refusal(code: string, message: string): ChangeError {
  return { code, class: 'refused', message, requestId: null };
}

/** Why a change of a connection that is not there is refused. */
export function notInRegion(vpnConnectionId: string): ChangeError {
  const message = `there is no connection ${vpnConnectionId} in this region`;
  return { code: 'NotFound', class: 'not_found', message, requestId: null };
}

/** Why a dual-tunnel connection is refused. */
export const dualTunnel = refusal(
  'DualTunnelUnavailable',
  'dual-tunnel connections cannot be changed in this version',
);

/** What whoever approves the change should know of it. */
function warningsOf(diff: readonly DiffEntry[]): readonly string[] {
  const changed = fieldPaths.filter((path) => diff.some((entry) => entry.path === path));
  const agreed = changed.filter((path) => fieldTable[path].agreed);
  const writeOnly = changed.filter((path) => !fieldTable[path].readable);
  const unlisted = changed.filter((path) => fieldTable[path].readable && !fieldTable[path].listed);
  return [
    ...sentence(agreed, 'must be changed on the other side too, or the tunnel goes down'),
    ...sentence(writeOnly, 'cannot be read: sent whatever stands there'),
    ...sentence(unlisted, 'not in lists: compared when the change begins'),
  ];
}

function sentence(paths: readonly FieldPath[], rest: string): readonly string[] {
  return paths.length === 0 ? [] : [`${paths.join(', ')}: ${rest}`];
}
