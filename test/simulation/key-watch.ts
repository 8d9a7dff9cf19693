import type { Simulator } from '../../local/simulator/simulator.ts';
import { isKeyPath } from '../../shared/connection/values.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { reveal } from '../../shared/platform/secret-reveal.ts';
import type { Devices } from './staged-sink.ts';
import type { WorldPlan } from './worlds.ts';

/**
 * Looks at each write as it arrives and gives the places of the keys in it that nobody has: they did not stand in the cloud in the
 * beginning, no plan names them, and no sink took them.
 */
export function createKeyWatch(
  { inventory }: Simulator,
  { submissions }: WorldPlan,
  devices: Devices,
): (texts: Readonly<Record<string, string>>) => readonly string[] {
  const known = new Set([
    ...inventory.connections.flatMap(({ ike, tunnels }) => [
      ike.Psk,
      ...tunnels.map((tunnel) => tunnel.ike.Psk),
    ]),
    ...submissions.flatMap(({ plan: { set } }) => namedIn(set)),
  ]);
  return (texts) =>
    keysIn(texts)
      .filter((key) => !known.has(key) && !devices.has(key))
      .map(() => texts.TunnelId ?? texts.VpnConnectionId ?? '');
}

function namedIn(set: WorldPlan['submissions'][number]['plan']['set']): readonly string[] {
  return Object.entries(set ?? {}).flatMap(([path, value]) =>
    isKeyPath(path) && value instanceof Secret ? [reveal(value)] : [],
  );
}

/** As both Modify actions of connections spell them, and the one of tunnels. */
function keysIn(texts: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(texts).flatMap(([name, text]) => {
    if (name.endsWith('.TunnelIkeConfig.Psk')) return [text];
    return name === 'IkeConfig' ? [String(JSON.parse(text).Psk)] : [];
  });
}
