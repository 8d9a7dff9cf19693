import type { FaultOptions } from '../simulator/faults.ts';
import { generateInventory, type InventoryOptions } from '../simulator/inventory.ts';
import type { Connection, Inventory } from '../simulator/shapes.ts';
import type { SimulatorOptions } from '../simulator/simulator.ts';

/** How large the demo is. */
export type DemoSize = 'full' | 'small';

/** The simulated account, split into what the plans change and what belongs to somebody else. */
export interface Fleet {
  inventory: Inventory;
  /** Connections that the plans change. */
  ours: readonly Connection[];
  /** One connection on each gateway that somebody else edits meanwhile, which keeps the gateway busy. */
  others: readonly Connection[];
}

/** How many connections have two tunnels. */
const dualTunnelShare = 0.25;

const sizes: Readonly<Record<DemoSize, InventoryOptions>> = {
  full: {
    regionIds: ['cn-hangzhou', 'eu-central-1'],
    gateways: 16,
    connectionsPerGateway: 9,
    attachments: 22,
    unattached: 0,
    dualTunnelShare,
  },
  small: { gateways: 5, connectionsPerGateway: 4, attachments: 8, unattached: 0, dualTunnelShare },
};

/** About one write in nine and one read in fifty goes wrong: lost either way, broken, throttled or refused as busy. */
const faults: FaultOptions = {
  writes: {
    lostAfterApply: 0.02,
    droppedBefore: 0.015,
    error500Applied: 0.01,
    error500NotApplied: 0.01,
    html502: 0.01,
    throttle: 0.01,
    spuriousBusy: 0.03,
  },
  reads: { droppedBefore: 0.01, error500NotApplied: 0.005, html502: 0.005, throttle: 0.005 },
};

export function createFleet(size: DemoSize, seed: number): Fleet {
  const inventory = generateInventory({ ...sizes[size], seed });
  const lastOnGateway = new Map<string, Connection>();
  for (const connection of inventory.connections) {
    if (connection.vpnGatewayId !== null) lastOnGateway.set(connection.vpnGatewayId, connection);
  }
  const others = [...lastOnGateway.values()];
  const theirs = new Set(others.map((connection) => connection.id));
  return {
    inventory,
    ours: inventory.connections.filter((connection) => !theirs.has(connection.id)),
    others,
  };
}

/** The cloud of the demo: real rules, changes that settle within about a second, no quota, and faults. */
export function simulatorOptionsOf(fleet: Fleet, seed: number): SimulatorOptions {
  return {
    seed,
    inventory: fleet.inventory,
    settleMs: { min: 400, max: 1_600 },
    lateMs: { min: 0, max: 150 },
    latencyMs: 5,
    handshakeMs: 1_500,
    quotas: { reads: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY },
    faults,
  };
}
