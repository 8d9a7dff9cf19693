import type { z } from 'zod';
import {
  makeConnection,
  makeCustomerGateway,
  makeGateway,
  makeTunnel,
} from '../../local/simulator/defaults.ts';
import type { Connection, Inventory } from '../../local/simulator/shapes.ts';
import type { Rollout } from '../../shared/plan/rollout.ts';
import { Plan } from '../../shared/plan/schema.ts';
import type { Choices } from './choices.ts';
import {
  adoptionsOf,
  type Rotating,
  rotatable,
  rotatingOf,
  rotationTerms,
} from './rotating-worlds.ts';

const regionId = 'cn-hangzhou';

/** The value that a plan sets, told apart from those of all others and from what was there before. */
const firstLifetime = 3_601;

/** A plan that somebody submits at a time, under one key. */
export interface Submission {
  key: string;
  atMs: number;
  plan: Plan;
  /** `IpsecConfig.IpsecLifetime` of everything that it changes. */
  lifetime: number;
}

/** An edit in the console; without a lifetime it only keeps the scope busy. */
export interface ConsoleEdit {
  atMs: number;
  connection: Connection;
  lifetime: number | null;
  settleMs: number;
}

/** Somebody pauses a job, who lets it go on later, or cancels it. */
export interface Steering {
  atMs: number;
  /** The how many-th of those accepted, in turn. */
  job: number;
  verb: 'pause' | 'cancel';
}

/** A tunnel, or the one of a single-tunnel connection, that loses its peer for a while. */
export interface TunnelDrop {
  atMs: number;
  connection: Connection;
  forMs: number;
}

/** Everything about a run that is no trouble: who is there, what is submitted, and how everybody is set up. */
export interface WorldPlan {
  inventory: Inventory;
  submissions: readonly Submission[];
  edits: readonly ConsoleEdit[];
  drops: readonly TunnelDrop[];
  orders: readonly Steering[];
  /** Null where all keys stay, or come as the plan names them. */
  rotating: Rotating | null;
  settleMs: { min: number; max: number };
  lateMs: { min: number; max: number };
  /** The cloud takes a second change while the first does not show yet. */
  lateAccepts: boolean;
  pollIntervalMs: number;
  leaseSeconds: number;
  concurrency: number;
  budgetSeconds: number;
  limits: { readsPerMinute: number; writesPerMinute: number };
  /** How long things go wrong. */
  troubledMs: number;
}

/** A small world by its seed: a few gateways and attachments, and jobs that meet on their connections. */
export function worldOf(choices: Choices): WorldPlan {
  const rotating = rotatingOf(choices);
  const connections = connectionsOf(choices, rotating);
  const troubledMs = choices.within(30_000, 90_000, 'troubled for');
  const several = <Item>(most: number, name: string, make: (index: number) => Item): Item[] =>
    Array.from({ length: choices.within(0, most, `how many ${name}`) }, (_, index) => make(index));
  const at = (...names: (string | number)[]): number => choices.within(0, troubledMs, ...names);
  return {
    inventory: {
      ...inventoryOf(connections),
      adoptions: rotating === null ? {} : adoptionsOf(choices, connections),
    },
    rotating,
    troubledMs,
    submissions: Array.from({ length: choices.within(1, 4, 'jobs') }, (_, index) =>
      submissionOf(choices, { connections, isRotating: rotating !== null }, index),
    ),
    edits: several(3, 'edits', (index) => ({
      atMs: at('edit', index),
      connection: choices.pick(connections, 'edited', index),
      lifetime: choices.chance(0.5, 'edit sets', index) ? 7_200 + index : null,
      settleMs: choices.within(200, 5_000, 'edit settles', index),
    })),
    drops: several(2, 'drops', (index) => ({
      atMs: at('drop', index),
      connection: choices.pick(connections, 'dropped', index),
      forMs: choices.within(1_000, 40_000, 'drop lasts', index),
    })),
    orders: choices.chance(0.35, 'steered')
      ? several(4, 'orders', (index) => ({
          atMs: at('order', index),
          job: choices.within(0, 3, 'ordered', index),
          verb: choices.pick(['pause', 'pause', 'cancel'], 'verb', index),
        }))
      : [],
    settleMs: { min: 500, max: choices.within(1_000, 8_000, 'settles in') },
    lateMs: { min: 0, max: choices.pick([0, 500, 1_500], 'late') },
    lateAccepts: choices.chance(0.3, 'late accepts'),
    pollIntervalMs: choices.pick([1_000, 2_000, 3_000], 'poll interval'),
    leaseSeconds: choices.within(8, 20, 'lease'),
    concurrency: choices.within(1, 6, 'concurrency'),
    budgetSeconds: choices.within(15, 90, 'budget'),
    limits: choices.pick(
      [
        { readsPerMinute: 480, writesPerMinute: 100 },
        { readsPerMinute: 60, writesPerMinute: 10 },
      ],
      'limits',
    ),
  };
}

type Connections = readonly [Connection, ...Connection[]];

function connectionsOf(choices: Choices, rotating: Rotating | null): Connections {
  const gateways = choices.within(1, 2, 'gateways');
  const names = Array.from({ length: gateways }, (_, gateway) =>
    Array.from({ length: choices.within(1, 3, 'connections', gateway) }, (__, index) => {
      return { name: `g${gateway}${index}`, vpnGatewayId: `vpn-${gateway}` };
    }),
  ).flat();
  const attachments = Array.from({ length: choices.within(1, 2, 'attachments') }, (_, index) =>
    connectionOf(choices, `a${index}`, null),
  );
  const onGateways = names.map(({ name, vpnGatewayId }) =>
    connectionOf(choices, name, vpnGatewayId),
  );
  const made = [...onGateways, ...attachments];
  const inWorld = rotating ? made.map((each) => rotatable(choices, each, rotating)) : made;
  const [first = connectionOf(choices, 'a9', null), ...others] = inWorld;
  return [first, ...others];
}

function inventoryOf(connections: Connections): Inventory {
  const gateways = new Set(connections.flatMap(({ vpnGatewayId }) => vpnGatewayId ?? []));
  return {
    regions: [{ regionId, localName: regionId }],
    gateways: [...gateways].map((id) => makeGateway({ regionId, id })),
    customerGateways: [...new Set(connections.map((each) => each.customerGatewayId))].map(
      (id, index) => makeCustomerGateway({ regionId, id, ipAddress: `203.0.113.${index}` }),
    ),
    connections,
  };
}

function connectionOf(choices: Choices, name: string, vpnGatewayId: string | null): Connection {
  const isDual = choices.chance(0.35, 'dual', name);
  const index = choices.within(0, 250, 'subnet', name);
  // Some lead to one router and back each other up.
  const customerGatewayId = choices.chance(0.35, 'shares a router', name) ? 'cgw-1' : `cgw-${name}`;
  const tunnels = ([1, 2] as const).map((number) =>
    makeTunnel({ tunnelId: `tun-${name}${number}`, index: number, customerGatewayId }),
  );
  return makeConnection({
    regionId,
    id: `vco-${name}`,
    customerGatewayId,
    remoteSubnet: `192.168.${index}.0/24`,
    ...(vpnGatewayId === null ? { transitRouterId: 'tr-1' } : { vpnGatewayId }),
    ...(isDual ? { tunnels } : {}),
  });
}

function submissionOf(
  choices: Choices,
  { connections, isRotating }: { connections: Connections; isRotating: boolean },
  index: number,
): Submission {
  const lifetime = firstLifetime + index;
  const named = connections
    .filter(({ id }) => choices.chance(0.7, 'target', index, id))
    .map(({ id }) => ({ regionId, vpnConnectionId: id, order: choices.within(0, 999, index, id) }))
    .sort((a, b) => a.order - b.order)
    .map(({ order: _, ...target }) => target);
  const selected = { regionId, select: { attachType: [choices.pick(['CEN', 'VPNGW'], index)] } };
  const selects = named.length === 0 || choices.chance(0.15, 'selects', index);
  const hasKey = !isRotating && choices.chance(0.3, 'sets a key', index);
  const rotates = isRotating && choices.chance(0.7, 'rotates', index);
  const plan = Plan.parse({
    title: `job ${index}`,
    targets: [...named, ...(selects ? [selected] : [])],
    set: {
      IpsecConfig: { IpsecLifetime: lifetime },
      ...(hasKey ? { IkeConfig: { Psk: `newKey${lifetime}0123` } } : {}),
    },
    rollout: rolloutOf(choices, index),
    acceptOutage: choices.chance(0.8, 'outage', index),
    // What is latent may stay so for a day: the runs do not last as long.
    verify: { tunnel: 'none' },
    onFailure: choices.pick(['stop', 'continue'], 'on failure', index),
    ...(rotates ? rotationTerms(choices, index) : {}),
  });
  const atMs = choices.within(0, 25_000, 'submitted', index);
  return { key: `key-${index}`, atMs, plan, lifetime };
}

function rolloutOf(choices: Choices, index: number): z.input<typeof Rollout> {
  const isInBatches = choices.chance(0.3, 'batches', index);
  return {
    concurrency: choices.pick<number | string>([1, 2, '50%', '100%'], 'job concurrency', index),
    maxErrors: choices.pick([0, 0, 1], 'max errors', index),
    redundancy: choices.pick(['groups', 'groups', 'none'], 'redundancy', index),
    ...(isInBatches
      ? {
          batches: choices.pick(
            [
              ['30%', '100%'],
              ['1%', '50%', '100%'],
            ],
            'which batches',
            index,
          ),
          batchPause: choices.pick(['none', 'first', 'every'], 'batch pause', index),
        }
      : { slowStart: choices.chance(0.3, 'slow start', index) }),
  };
}
