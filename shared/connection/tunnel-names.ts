import { type TunnelIdentity, type TunnelRole, tunnelRoles } from './model.ts';

/** How a plan names a tunnel: by at least one of its names; those that it leaves out are null. */
export interface TunnelNames {
  tunnelId: string | null;
  role: TunnelRole | null;
  index: number | null;
}

/** The names as one text, for the paths of a plan's wishes: `slave`, `2`, `tun-abc`, or several as `tun-abc&slave`. */
export function tunnelNamesText({ tunnelId, role, index }: TunnelNames): string {
  return [tunnelId, role, index].filter((name) => name !== null).join('&');
}

/** The names out of their text. */
export function tunnelNamesOf(text: string): TunnelNames {
  const names = text.split('&');
  return {
    tunnelId: names.find((name) => name.includes('-')) ?? null,
    role: tunnelRoles.find((role) => names.includes(role)) ?? null,
    index: [1, 2].find((index) => names.includes(String(index))) ?? null,
  };
}

/**
 * The tunnel that is meant: one that bears a given name and contradicts none of them; null when there is none. A name that
 * the tunnel does not have (attachments show no `Role`) contradicts nothing.
 */
export function findTunnel<Named extends TunnelIdentity>(
  tunnels: readonly Named[],
  names: TunnelNames,
): Named | null {
  const wanted = [names.tunnelId, names.role, names.index];
  const found = tunnels.find(({ tunnelId, role, index }) => {
    const pairs = [tunnelId, role, index].map(
      (has, place) => [has, wanted[place] ?? null] as const,
    );
    const bothKnown = pairs.filter(([has, want]) => has !== null && want !== null);
    return bothKnown.length > 0 && bothKnown.every(([has, want]) => has === want);
  });
  return found ?? null;
}
