import { blockOf } from '../connection/fields.ts';
import type { MaskedValues } from '../connection/mask.ts';
import type { TunnelIdentity } from '../connection/model.ts';
import { entriesOf, type FieldValues, type PathParts } from '../connection/values.ts';
import { type ChangePart, connectionPart } from '../connection/vpn-api.ts';

/** One write's share of a change. */
export interface PartOfChange {
  part: ChangePart;
  /** What of the wish this write brings. */
  wanted: FieldValues;
  /** The tunnels whose fields are sent. */
  tunnels: readonly TunnelIdentity[];
}

/** A change as a whole: everything wanted, on a connection as it was read. */
export interface WholeChange {
  wanted: FieldValues;
  base: MaskedValues;
  /** Both tunnels; empty for a single-tunnel connection. */
  tunnels: readonly TunnelIdentity[];
}

/**
 * Which part comes first of those that still differ: the connection itself, then the tunnels one at a time, in their order.
 * Null when nothing differs.
 */
export function nextPartOf(
  differing: readonly PathParts[],
  tunnels: readonly TunnelIdentity[],
): ChangePart | null {
  const open = new Set(differing.map(({ tunnel }) => tunnel));
  if (open.has(null)) return connectionPart;
  return tunnels.find(({ tunnelId }) => open.has(tunnelId))?.tunnelId ?? null;
}

/** The standby (`slave`, or number 2) before the one that carries the traffic. */
export function standbyFirst<Identified extends TunnelIdentity>(
  tunnels: readonly Identified[],
): readonly Identified[] {
  return [...tunnels].sort((a, b) => Number(isStandby(b)) - Number(isStandby(a)));
}

function isStandby({ role, index }: TunnelIdentity): boolean {
  return role === null ? index === 2 : role === 'slave';
}

/**
 * What one part of a change brings. Switching BGP on carries the BGP fields of all tunnels along.
 * Source: ModifyVpnConnectionAttribute, `EnableTunnelsBgp`: each tunnel then needs its `TunnelBgpConfig`.
 */
export function partNamed(part: ChangePart, { wanted, base, tunnels }: WholeChange): PartOfChange {
  const entries = entriesOf(wanted);
  if (part !== connectionPart) {
    const own = entries.filter(({ tunnel }) => tunnel === part);
    return {
      part,
      wanted: valuesOf(own),
      tunnels: tunnels.filter(({ tunnelId }) => tunnelId === part),
    };
  }
  const switchesBgpOn = wanted.EnableTunnelsBgp === true && base.EnableTunnelsBgp !== true;
  const own = entries.filter(
    ({ tunnel, field }) =>
      tunnel === null || (switchesBgpOn && blockOf(field)?.block === 'BgpConfig'),
  );
  return { part, wanted: valuesOf(own), tunnels: switchesBgpOn ? tunnels : [] };
}

function valuesOf(entries: ReturnType<typeof entriesOf>): FieldValues {
  return Object.fromEntries(entries.map(({ path, value }) => [path, value]));
}
