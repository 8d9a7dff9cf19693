import { everydayFaults } from '../../local/simulator/faults.ts';
import { generateInventory } from '../../local/simulator/inventory.ts';
import type { Connection, Inventory } from '../../local/simulator/shapes.ts';
import type { Simulator, SimulatorOptions } from '../../local/simulator/simulator.ts';
import type { TunnelKeys } from '../../local/simulator/state.ts';
import { storedKeysOf } from '../../test/helpers/devices.ts';
import { openVirtualWorld, type VirtualWorld } from '../../test/helpers/virtual-world.ts';
import { openWorld } from './world.ts';

/** A fleet by what it is made of. */
export interface RotationFleet {
  /** A multiple of ten: eight on each gateway, and two attachments to these. */
  connections: number;
  /** When new values take effect, as its connections have it. */
  effect: 'immediate' | 'at-rekey';
}

const seed = 17;

/** Of all tunnels; the rest of the devices take over what changes in the cloud by themselves. */
const peers = { onDelivery: 0.5, late: { share: 0.2, afterMs: 60_000 }, never: 0.1 };

/**
 * Pairs of tunnels in a cloud that misbehaves as on any day. With `immediate` every write resets both tunnels of its connection, and a handshake
 * takes no time: otherwise a write itself would interrupt both, whoever sends it. With `at-rekey` a key that the other side
 * lacks stays unnoticed for up to a day.
 */
export function rotationFleet({
  connections: count,
  effect,
}: RotationFleet): SimulatorOptions & { inventory: Inventory } {
  const fleet = generateInventory({
    seed,
    gateways: count / 10,
    connectionsPerGateway: 8,
    attachments: count / 5,
    unattached: 0,
    dualTunnelShare: 1,
    peers,
  });
  const connections = fleet.connections.map((connection) => ({
    ...connection,
    effectImmediately: effect === 'immediate',
  }));
  return {
    seed,
    inventory: { ...fleet, connections },
    settleMs: { min: 20_000, max: 60_000 },
    resets: 'connection',
    handshakeMs: effect === 'immediate' ? 0 : 2_000,
    faults: everydayFaults,
  };
}

/** The system on a virtual clock, its cloud, and the devices at the other ends, which fetch their keys from KMS. */
export async function openRotationWorld(
  fleet: RotationFleet,
): Promise<VirtualWorld & { connections: readonly Connection[] }> {
  const simulator = rotationFleet(fleet);
  const base = await openWorld('postgres');
  const world = await openVirtualWorld({ database: base.database, simulator, sinks: 'kms' });
  return {
    ...world,
    connections: simulator.inventory.connections,
    async close() {
      await world.close();
      await base.close();
    },
  };
}

/** What became of a fleet by the cloud's own account. */
export interface Judgement {
  /** How long both tunnels of connections were down, unless a broken line did it: milliseconds, summed up. */
  bothDownMs: number;
  /** On how many connections, of the outages that the record lists. */
  interrupted: number;
  /** Both tunnels down in the end. */
  leftDown: number;
  /** Tunnels whose key in the cloud nobody has: no sink, no device, and it is not the one of before. */
  keysLost: number;
  /** Connections with a device that never adopts. */
  stubborn: readonly Connection[];
  /** Of them, those on their old keys at both ends, up, and what of theirs went into KMS is proved there. */
  broughtBack: readonly Connection[];
}

/** Holds the fleet as it is now against what it was. `known`: keys that somebody has beside sinks and devices. */
export function judge(simulator: Simulator, known: ReadonlySet<string> = new Set()): Judgement {
  const { connections, adoptions = {} } = simulator.inventory;
  const { dual, outages } = simulator.record.outages();
  const ours = outages.filter(({ cause }) => cause !== 'network' && cause !== 'operator');
  const { network, operator } = dual.downMsByCause;
  const keys = new Map(simulator.state.keys().map((each) => [each.tunnelId, each]));
  const ends = (connection: Connection): readonly TunnelEnd[] =>
    connection.tunnels.flatMap(({ tunnelId, ike }) => {
      const now = keys.get(tunnelId);
      if (!now) return [];
      return [{ ...now, before: ike.Psk, stored: storedKeysOf(simulator, now) }];
    });
  const all = connections.flatMap(ends);
  const stubborn = connections.filter(({ tunnels }) =>
    tunnels.some(({ tunnelId }) => adoptions[tunnelId]?.kind === 'never'),
  );
  return {
    bothDownMs: dual.downMs - network - operator,
    interrupted: new Set(ours.map(({ vpnConnectionId }) => vpnConnectionId)).size,
    leftDown: ours.filter(({ to }) => to === null).length,
    keysLost: all.filter((end) => !isKnown(end, known)).length,
    stubborn,
    broughtBack: stubborn.filter((connection) => ends(connection).every(isBack)),
  };
}

interface TunnelEnd extends TunnelKeys {
  /** The key that both sides had in the beginning. */
  before: string;
  stored: ReturnType<typeof storedKeysOf>;
}

function isKnown({ cloud, peer, before, stored }: TunnelEnd, known: ReadonlySet<string>): boolean {
  return (
    cloud === peer ||
    cloud === before ||
    known.has(cloud) ||
    stored.some(({ key }) => key === cloud)
  );
}

function isBack({ cloud, peer, before, isUp, stored }: TunnelEnd): boolean {
  const current = stored.find(({ isCurrent }) => isCurrent)?.key ?? before;
  return isUp && cloud === before && peer === before && current === before;
}
