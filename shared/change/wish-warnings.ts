import { weakAlgorithms } from '../connection/cross-rules.ts';
import { type FieldValue, fieldTable } from '../connection/fields.ts';
import { isUp } from '../connection/model.ts';
import {
  entriesOf,
  type FieldValues,
  shownPath,
  type ValueEntry,
  valuePath,
} from '../connection/values.ts';
import type { WishTarget } from './expand-wish.ts';

/** What is carried out all the same, and that its author should know. Codes are stable. */
export interface WishWarning {
  code:
    | 'weak_algorithm'
    | 'ike_mode_ignored'
    | 'tunnel_entry_ignored'
    | 'tunnel_outage'
    | 'tunnel_redundancy_lost'
    | 'both_tunnels_reset';
  /** The field or entry in the cloud's spelling. */
  path: string;
  message: string;
}

interface Context {
  acceptOutage: boolean;
  /** Whether values of before come back: what is down is restored first then. */
  restores?: boolean;
  wanted: FieldValues;
  /** What of `wanted` is not as it stands. */
  changing: readonly ValueEntry[];
  /** Names of tunnels that the connection does not have. */
  ignored: readonly string[];
  connection: WishTarget;
}

/** Everything to warn of, in the order of the fields. */
export function warningsOf(context: Context): readonly WishWarning[] {
  return [
    ...ignoredEntries(context),
    ...weakOnes(context),
    ...ignoredModes(context),
    ...outages(context),
    ...lostRedundancies(context),
    ...resets(context),
  ];
}

function ignoredEntries({ ignored }: Context): readonly WishWarning[] {
  return ignored.map((names) => ({
    code: 'tunnel_entry_ignored',
    path: `TunnelOptionsSpecification[${names}]`,
    message: 'the connection has one tunnel; what is said of this one is ignored',
  }));
}

function weakOnes({ wanted }: Context): readonly WishWarning[] {
  return entriesOf(wanted)
    .filter(({ value }) => weakAlgorithms.has(value))
    .map(({ path, field, value }) => ({
      code: 'weak_algorithm',
      path: shownPath(path),
      message: `${value} no longer protects; take ${strongerFor(field)}`,
    }));
}

function strongerFor(field: string): string {
  if (field.endsWith('EncAlg')) return 'aes256';
  return field.endsWith('AuthAlg') ? 'sha256 or more' : 'group14';
}

/** Source: ModifyVpnConnectionAttribute, `IkeConfig.IkeMode`: the negotiation mode of IKEv1. */
function ignoredModes({ wanted, connection }: Context): readonly WishWarning[] {
  const versionOf = (tunnel: string | null): FieldValue | undefined => {
    const path = valuePath(tunnel, 'IkeConfig.IkeVersion');
    return wanted[path] ?? connection.fields[path];
  };
  return entriesOf(wanted)
    .filter(({ tunnel, field }) => field === 'IkeConfig.IkeMode' && versionOf(tunnel) === 'ikev2')
    .map(({ path }) => ({
      code: 'ike_mode_ignored',
      path: shownPath(path),
      message: 'IkeMode is a mode of ikev1; with ikev2 it means nothing',
    }));
}

function outages({ changing, connection }: Context): readonly WishWarning[] {
  if (connection.tunnels.length > 0) return [];
  const [first] = changing.filter(({ field }) => fieldTable[field].agreed);
  if (first === undefined) return [];
  const message =
    'both sides must agree on this: the only tunnel is down between the change here and the change on the other side';
  return [{ code: 'tunnel_outage', path: shownPath(first.path), message }];
}

/** What of a pair's tunnels is to be changed that both sides must agree on. */
function agreedOfPair({ changing }: Pick<Context, 'changing'>): readonly ValueEntry[] {
  return changing.filter(({ tunnel, field }) => tunnel !== null && fieldTable[field].agreed);
}

/** A worker would not begin: the tunnel that is down could not carry the traffic while the other one is changed. */
function lostRedundancies(context: Context): readonly WishWarning[] {
  const { acceptOutage, restores = false, connection } = context;
  if (acceptOutage || restores) return [];
  return connection.tunnels
    .filter((tunnel) => !isUp(tunnel))
    .flatMap(({ tunnelId }): readonly WishWarning[] => {
      const [first] = agreedOfPair(context).filter(({ tunnel }) => tunnel !== tunnelId);
      if (first === undefined) return [];
      const message = `${tunnelId} is not up and could not carry the traffic while ${first.tunnel} is changed: unless it is up by then the change fails with TunnelRedundancyLost; acceptOutage would have it changed all the same`;
      return [{ code: 'tunnel_redundancy_lost', path: shownPath(first.path), message }];
    });
}

/** Fields of a pair that are one write, and one moment, for both tunnels. */
const oneForBoth: ReadonlySet<string> = new Set(['EffectImmediately', 'EnableTunnelsBgp']);

function resets(context: Context): readonly WishWarning[] {
  const { changing, connection } = context;
  if (connection.tunnels.length === 0) return [];
  const switched = changing.filter(({ field }) => oneForBoth.has(field));
  const turned = switched.map(({ path, field }): WishWarning => {
    const message = `${field} is one switch for both tunnels; turning it may reset both at once`;
    return { code: 'both_tunnels_reset', path, message };
  });
  return [...turned, ...resetsWithEachWrite(context)];
}

/** Nobody says whether a write then resets the tunnel that it changes, or all of its connection. Source: BEHAVIOUR.md, `resets`. */
function resetsWithEachWrite(context: Context): readonly WishWarning[] {
  const { wanted, connection } = context;
  const [first] = agreedOfPair(context);
  const isOn = (wanted.EffectImmediately ?? connection.fields.EffectImmediately) === true;
  if (first === undefined || !isOn) return [];
  const message =
    'EffectImmediately is on for the connection: each write to one of its tunnels may reset both at once';
  return [{ code: 'both_tunnels_reset', path: shownPath(first.path), message }];
}
