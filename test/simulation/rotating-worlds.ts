import type { z } from 'zod';
import { makeConnection, makeTunnel } from '../../local/simulator/defaults.ts';
import type { Adoption, Connection } from '../../local/simulator/shapes.ts';
import type { Plan } from '../../shared/plan/schema.ts';
import type { Choices } from './choices.ts';

/** The name under which plans of these worlds hand over. */
export const sinkName = 'devices';

/** How the tunnels of a world come by their keys. */
export interface Rotating {
  /** Every write resets all tunnels of its connection, and a handshake takes no time; otherwise SAs live on. */
  isImmediate: boolean;
  handshakeMs: number;
}

/** Whether keys are rotated in the world of this seed, and how its tunnels take that; null = they are not. */
export function rotatingOf(choices: Choices): Rotating | null {
  if (!choices.chance(0.5, 'rotates')) return null;
  const isImmediate = choices.chance(0.5, 'resets at once');
  // Whoever resets both tunnels interrupts both for a handshake, whatever he writes.
  const handshakeMs = isImmediate ? 0 : choices.pick([0, 1_000, 2_000], 'handshake');
  return { isImmediate, handshakeMs };
}

/** The connection, now with keys of its own that a run is long enough to see renewed, and mostly with two tunnels. */
export function rotatable(
  choices: Choices,
  connection: Connection,
  { isImmediate }: Rotating,
): Connection {
  const { id, customerGatewayId, ike } = connection;
  const IkeLifetime = choices.within(90, 300, 'IKE lifetime', id);
  const isDual = choices.chance(0.7, 'has two tunnels', id);
  const name = id.replace('vco-', '');
  const tunnels = ([1, 2] as const).map((index) => {
    const tunnel = makeTunnel({ tunnelId: `tun-${name}${index}`, index, customerGatewayId });
    const Psk = `oldKeyOf${name}${index}`;
    return { ...tunnel, ike: { ...tunnel.ike, IkeLifetime, Psk } };
  });
  return makeConnection({
    ...connection,
    effectImmediately: isImmediate,
    ike: { ...ike, IkeLifetime, Psk: `oldKeyOf${name}` },
    tunnels: isDual ? tunnels : [],
  });
}

/** How the devices at the other ends take new keys, by the id of the tunnel or of the single-tunnel connection. */
export function adoptionsOf(
  choices: Choices,
  connections: readonly Connection[],
): Readonly<Record<string, Adoption>> {
  const ids = connections.flatMap(({ id, tunnels }) =>
    tunnels.length > 0 ? tunnels.map(({ tunnelId }) => tunnelId) : [id],
  );
  return Object.fromEntries(ids.map((id) => [id, adoptionOf(choices, id)]));
}

function adoptionOf(choices: Choices, id: string): Adoption {
  const afterMs = choices.within(1_000, 40_000, 'adopts after', id);
  return choices.pick<Adoption>(
    [
      { kind: 'follows' },
      { kind: 'follows' },
      { kind: 'onDelivery' },
      { kind: 'onDelivery' },
      { kind: 'onDelivery' },
      { kind: 'late', afterMs },
      { kind: 'never' },
      { kind: 'wrongly' },
    ],
    'adoption',
    id,
  );
}

/** What makes a plan give each of its tunnels a fresh key, handed over and proved. */
export function rotationTerms(
  choices: Choices,
  index: number,
): Pick<z.input<typeof Plan>, 'rotatePsk' | 'acceptOutage' | 'handover' | 'verify' | 'onFailure'> {
  return {
    rotatePsk: true,
    acceptOutage: false,
    handover: {
      deliverTo: [sinkName],
      requireAcknowledgement: choices.chance(0.2, 'acknowledged', index),
      acknowledgeWithin: 'PT1M',
    },
    verify: { timeoutSeconds: choices.within(10, 60, 'verify timeout', index) },
    onFailure: choices.pick(['rollback', 'rollback', 'stop', 'continue'], 'rotation fails', index),
  };
}
