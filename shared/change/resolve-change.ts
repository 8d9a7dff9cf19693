import { fieldTable, keyField } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import type { VpnConnection } from '../connection/model.ts';
import { type FieldValues, type PathParts, shownPath, valuePath } from '../connection/values.ts';
import { Secret } from '../platform/secret.ts';
import { differencesOf, shownDifferences } from './diff.ts';
import type { ChangeError, DiffEntry } from './record.ts';
import { wishOnConnection } from './wish-on-connection.ts';
import type { WishWarning } from './wish-warnings.ts';

/** A connection as far as it decides what a wish means on it, keys as keyed digests. */
export type ChangeSubject = Pick<VpnConnection, 'attachType' | 'tunnels'> & {
  fields: MaskedValues;
};

/** What a plan wants of one connection, its keys as keyed digests; tunnels under the names that the plan gives them. */
export interface MaskedWish {
  set: MaskedValues;
  /** Of how many characters a fresh key is made for each tunnel; null when none is. */
  rotatePsk: number | null;
  acceptOutage: boolean;
  /** Whether each tunnel is proved before the other one is changed. */
  provesTunnels: boolean;
  /** Whether it brings values of before back. */
  restores?: boolean;
}

/** What its author should know of a change that is possible. Codes are stable. */
export interface ChangeWarning {
  code: WishWarning['code'] | 'other_side' | 'write_only' | 'compared_later' | 'locked';
  /** The field in the cloud's spelling; null when it is about the connection. */
  path: string | null;
  message: string;
}

/** What a wish means on a connection, before anything is written. */
export type ChangeOutlook =
  /** `path` is the field that stands in the way, in the cloud's spelling; null when it is the whole `set`. */
  | { kind: 'refused'; error: ChangeError; path: string | null }
  /** `diff` is empty when every wanted value stands already. */
  | { kind: 'possible'; diff: readonly DiffEntry[]; warnings: readonly ChangeWarning[] };

/**
 * What changes when a connection gets the wanted values, or why it cannot. Both are masked under one key. Used when a
 * job is resolved and for its preview, so that the two say the same.
 */
export function resolveChange(subject: ChangeSubject, wish: MaskedWish): ChangeOutlook {
  // Nothing that decides about a wish looks into a key: its digest serves as well.
  const meant = wishOnConnection({ ...wish, set: withFreshKey(wish) }, subject);
  if (meant.kind === 'refused') {
    const { code, message, path } = meant;
    return { kind: 'refused', error: { code, class: 'refused', message, requestId: null }, path };
  }
  const wanted = maskedOf(meant.wanted);
  const changed = differencesOf(subject.fields, wanted);
  return {
    kind: 'possible',
    diff: shownDifferences(changed, subject.fields, wanted),
    warnings: [...meant.warnings, ...warningsOf(changed)],
  };
}

/** A key that is still to be made is like none that stands: what stands has a digest. */
const freshKey = 'to be made';

function withFreshKey({ set, rotatePsk }: MaskedWish): MaskedValues {
  return rotatePsk === null ? set : { ...set, [keyField]: freshKey };
}

function maskedOf(values: FieldValues): MaskedValues {
  const masked: Record<string, MaskedValues[string]> = {};
  for (const [path, value] of Object.entries(values)) {
    if (value !== undefined && !(value instanceof Secret)) masked[path] = value;
  }
  return masked;
}

/** Why a change of a connection that is not there is refused. */
export function notInRegion(vpnConnectionId: string): ChangeError {
  const message = `there is no connection ${vpnConnectionId} in this region`;
  return { code: 'NotFound', class: 'not_found', message, requestId: null };
}

function warningsOf(changed: readonly PathParts[]): readonly ChangeWarning[] {
  const isWriteOnly = ({ field }: PathParts): boolean => !fieldTable[field].readable;
  const isUnlisted = ({ field, tunnel }: PathParts): boolean =>
    tunnel === null && fieldTable[field].readable && !fieldTable[field].listed;
  // Of the only tunnel the wish's own warnings tell more.
  const isOfPair = ({ field, tunnel }: PathParts): boolean =>
    tunnel !== null && fieldTable[field].agreed;
  return [
    ...warning('other_side', changed.filter(isOfPair)),
    ...warning('write_only', changed.filter(isWriteOnly)),
    ...warning('compared_later', changed.filter(isUnlisted)),
  ];
}

const sentences = {
  other_side: 'must be changed on the other side too, or the tunnel goes down',
  write_only: 'cannot be read: sent, whatever stands there',
  compared_later: 'not in lists: compared when the change begins',
};

/** One warning for all fields of a kind, at the first of them. */
function warning(
  code: keyof typeof sentences,
  fields: readonly PathParts[],
): readonly ChangeWarning[] {
  const paths = fields.map(({ tunnel, field }) => shownPath(valuePath(tunnel, field)));
  const [path] = paths;
  if (path === undefined) return [];
  return [{ code, path, message: `${paths.join(', ')}: ${sentences[code]}` }];
}
