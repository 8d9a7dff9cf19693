import { appliesTo, blockOf, type FieldPath, fieldTable } from '../connection/fields.ts';
import type { AttachType, TunnelIdentity, VpnConnection } from '../connection/model.ts';
import { findTunnel, tunnelNamesOf } from '../connection/tunnel-names.ts';
import {
  entriesOf,
  type FieldValues,
  shownPath,
  type ValueEntry,
  valuePath,
} from '../connection/values.ts';

/** What of a connection decides what a wish means on it. */
export type WishTarget = Pick<VpnConnection, 'attachType' | 'tunnels' | 'fields'>;

/** A field of a plan that the connection does not take: where, and what to do instead. */
export interface WishFault {
  code: 'FieldNotApplicable' | 'TunnelNotFound' | 'TunnelNamedTwice' | 'NothingApplicable';
  /** In the cloud's spelling; null when it is about the whole `set`. */
  path: string | null;
  message: string;
}

/** A plan's wish in the terms of one connection. */
export interface ExpandedWish {
  /** Values of the connection and, by their ids, of its tunnels. */
  wanted: FieldValues;
  faults: readonly WishFault[];
  /** Names of tunnels that a single-tunnel connection does not have. */
  ignored: readonly string[];
}

/**
 * What a plan's `set` means on a connection. With one tunnel it means that tunnel, and entries for tunnels mean nothing.
 * With two, `IkeConfig`, `IpsecConfig` and `BgpConfig` mean every tunnel, and an entry of `TunnelOptionsSpecification`
 * adds to or overrides that for the tunnel it names.
 */
export function expandWish(set: FieldValues, target: WishTarget): ExpandedWish {
  return target.tunnels.length === 0 ? expandSingle(set, target) : expandDual(set, target);
}

function expandSingle(set: FieldValues, { attachType }: WishTarget): ExpandedWish {
  const entries = entriesOf(set);
  const own = entries.filter(({ tunnel }) => tunnel === null);
  const faults = own
    .filter(({ field }) => !appliesTo(field, 'single', attachType))
    .map(({ path, field }) => notApplicable(path, refusedSingle(field, attachType)));
  if (own.length === 0) {
    const message = 'the set speaks of tunnels only, and this connection has one tunnel';
    faults.push({ code: 'NothingApplicable', path: null, message });
  }
  const ignored = new Set(entries.flatMap(({ tunnel }) => tunnel ?? []));
  return { wanted: valuesOf(own), faults, ignored: [...ignored] };
}

function refusedSingle(field: FieldPath, attachType: AttachType): string {
  return field === 'EnableTunnelsBgp'
    ? 'EnableTunnelsBgp belongs to dual-tunnel connections; set BgpConfig.EnableBgp'
    : `${field} cannot be set on ${kindOf(attachType)}`;
}

function kindOf(attachType: AttachType): string {
  return attachType === 'VPNGW' ? 'a connection on a VPN gateway' : 'an attachment';
}

function expandDual(set: FieldValues, target: WishTarget): ExpandedWish {
  const entries = entriesOf(set);
  const ofAll = entries.filter(({ tunnel }) => tunnel === null);
  const ofOne = entries.filter(({ tunnel }) => tunnel !== null);
  const { meant, faults: nameFaults } = tunnelsMeant(ofOne, target.tunnels);
  const everywhere = ofAll.map((entry) => placeForAll(entry, target));
  const single = ofOne.map((entry) => placeForOne(entry, target, meant));
  const placed = [...everywhere, ...single];
  return {
    // Entries of tunnels come last: they override what is said for all.
    wanted: Object.assign({}, ...placed.map(({ wanted }) => wanted)),
    faults: [...nameFaults, ...placed.flatMap(({ fault }) => fault ?? [])],
    ignored: [],
  };
}

interface Placed {
  wanted: FieldValues;
  fault?: WishFault;
}

function placeForAll(
  { path, field, value }: ValueEntry,
  { attachType, tunnels }: WishTarget,
): Placed {
  if (appliesTo(field, 'dual', attachType)) return { wanted: { [path]: value } };
  const inTunnel = appliesTo(field, 'tunnel', attachType);
  if (inTunnel && blockOf(field) !== null) {
    const each = tunnels.map(({ tunnelId }) => [valuePath(tunnelId, field), value] as const);
    return { wanted: Object.fromEntries(each) };
  }
  return { wanted: {}, fault: notApplicable(path, refusedDual(field, inTunnel, attachType)) };
}

function refusedDual(field: FieldPath, inTunnel: boolean, attachType: AttachType): string {
  if (inTunnel) {
    return `${field} of a dual-tunnel connection belongs to each tunnel: name it in TunnelOptionsSpecification`;
  }
  if (field === 'BgpConfig.EnableBgp') {
    return 'a dual-tunnel connection has no BgpConfig.EnableBgp; set EnableTunnelsBgp';
  }
  if (fieldTable[field].takers.tunnel === 'none') return `a dual-tunnel connection has no ${field}`;
  return `${field} cannot be set on the tunnels of ${kindOf(attachType)}`;
}

function placeForOne(
  { path, tunnel, field, value }: ValueEntry,
  { attachType }: WishTarget,
  meant: ReadonlyMap<string, TunnelIdentity>,
): Placed {
  const found = meant.get(tunnel ?? '');
  if (found === undefined) return { wanted: {} };
  if (appliesTo(field, 'tunnel', attachType)) {
    return { wanted: { [valuePath(found.tunnelId, field)]: value } };
  }
  return { wanted: {}, fault: notApplicable(path, refusedDual(field, false, attachType)) };
}

/** Which tunnel each name means; names of none, or of one that another name means already, are faults. */
function tunnelsMeant(
  entries: readonly ValueEntry[],
  tunnels: readonly TunnelIdentity[],
): { meant: ReadonlyMap<string, TunnelIdentity>; faults: readonly WishFault[] } {
  const meant = new Map<string, TunnelIdentity>();
  const faults: WishFault[] = [];
  for (const name of new Set(entries.flatMap(({ tunnel }) => tunnel ?? []))) {
    const path = `TunnelOptionsSpecification[${name}]`;
    const found = findTunnel(tunnels, tunnelNamesOf(name));
    if (found === null) {
      const message = `the connection has no tunnel ${name}; it has ${tunnels.map(allNames).join(' and ')}`;
      faults.push({ code: 'TunnelNotFound', path, message });
    } else if ([...meant.values()].includes(found)) {
      const message = `${name} means ${found.tunnelId}, which another entry names already`;
      faults.push({ code: 'TunnelNamedTwice', path, message });
    } else meant.set(name, found);
  }
  return { meant, faults };
}

function allNames({ tunnelId, role, index }: TunnelIdentity): string {
  const others = [role, index === null ? null : `number ${index}`].filter((name) => name !== null);
  return others.length === 0 ? tunnelId : `${tunnelId} (${others.join(', ')})`;
}

function notApplicable(path: string, message: string): WishFault {
  return { code: 'FieldNotApplicable', path: shownPath(path), message };
}

function valuesOf(entries: readonly ValueEntry[]): FieldValues {
  return Object.fromEntries(entries.map(({ path, value }) => [path, value]));
}
