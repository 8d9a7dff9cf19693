import type { Simulator } from '../../local/simulator/simulator.ts';
import type { Verification } from '../../shared/journal/verification.ts';
import { Choices, type Decision } from './choices.ts';
import { type JudgedChange, judge, type Remains } from './judge.ts';
import type { Sabotage } from './sabotages.ts';
import { type Happening, Stage } from './stage.ts';
import type { StoreSet } from './store-set.ts';
import { type System, startSystem } from './system.ts';
import { type WorldPlan, worldOf } from './worlds.ts';

/** Gives empty stores under the run's clock; each call of what it gives is them as another process has them. */
export type StoreSource = (clock: { now(): number }) => Promise<() => StoreSet>;

/** What one run is made of: everything else follows from it. */
export interface RunOptions {
  seed: number;
  stores: StoreSource;
  /** Names of the decisions that may be taken; null = all. */
  only?: ReadonlySet<string> | null;
  sabotage?: Sabotage;
}

/** How a run went. */
export interface Run {
  seed: number;
  /** What contradicts the promises; empty when they held. */
  violations: readonly string[];
  /** Everything that went wrong, in order. */
  decisions: readonly Decision[];
  happenings: readonly Happening[];
  /** Whether keys were rotated: then the end of a change depends on when, to the millisecond, its devices were told. */
  rotates: boolean;
  /** How many orders to pause or cancel met a job that was running. */
  steered: number;
  /** How each job and change ended, to be compared with other runs. */
  outcome: readonly string[];
}

const lookEveryMs = 5_000;
/** Nothing sleeps for longer than this: whoever stood still has gone on, and what was under way has arrived. */
const lastWordsMs = 90_000;
/** What is not over so long after the last trouble is stuck. */
const restLimitMs = 3 * 3_600_000;

/** Runs a whole system once, as the seed says, and judges it. The same options give the same run. */
export async function runSeed(options: RunOptions): Promise<Run> {
  const choices = new Choices(options.seed, options.only);
  const stage = new Stage(choices);
  const startedAt = stage.now();
  const world = worldOf(choices);
  const openStores = await options.stores(stage);
  const { sabotage } = options;
  const system = startSystem(stage, world, { openStores, ...(sabotage ? { sabotage } : {}) });
  const stores = openStores();
  let isAtRest = false;
  stage.schedule(world.troubledMs, {
    actor: stage.actor('weather'),
    go: () => choices.calmDown(),
  });
  const watcher = stage.actor('watcher');
  let hasEnded = false;
  const look = async (): Promise<void> => {
    const wasAtRest = isAtRest;
    isAtRest = await isOver(stores, world, system);
    // What is refuted late is taken back by one more job.
    hasEnded = wasAtRest && isAtRest;
    stage.schedule(isAtRest ? lastWordsMs : lookEveryMs, { actor: watcher, go: look });
  };
  stage.schedule(world.troubledMs + lookEveryMs, { actor: watcher, go: look });
  await stage.run(() => hasEnded || stage.elapsedMs() > world.troubledMs + restLimitMs);
  const remains = await remainsOf(startedAt, stores, world, system);
  return {
    seed: options.seed,
    violations: judge(remains),
    decisions: choices.taken,
    happenings: stage.happenings,
    rotates: world.rotating !== null,
    steered: system.steered.length,
    outcome: outcomeOf(remains),
  };
}

/** Everybody heard of his job, and each has ended and is sealed. */
async function isOver(
  { jobs, journal }: StoreSet,
  world: WorldPlan,
  { heard }: System,
): Promise<boolean> {
  const all = await jobs.list({ states: null, limit: 100, before: null });
  const areHeard = world.submissions.every(({ key }) => (heard.get(key)?.length ?? 0) > 0);
  const seals = await Promise.all(all.map(({ id }) => journal.getSealed(id)));
  return areHeard && all.every(({ finishedAt }) => finishedAt !== null) && !seals.includes(null);
}

async function remainsOf(
  startedAt: number,
  { jobs, journal }: StoreSet,
  world: WorldPlan,
  { simulator, heard, stragglers, devices, untold, surprises }: System,
): Promise<Remains> {
  const { submissions, inventory } = world;
  const newestFirst = await jobs.list({ states: null, limit: 100, before: null });
  const inOrder = [...newestFirst].reverse();
  const changes: JudgedChange[] = [];
  const verifications = new Map<string, Verification | null>();
  for (const { id: jobId, position } of inOrder) {
    const sealed = await journal.getSealed(jobId);
    verifications.set(jobId, sealed?.verification ?? null);
    const own = await jobs.listChanges({ jobId, states: null, limit: 1_000, after: null });
    for (const change of own)
      changes.push({ ...change, position, events: await jobs.listEvents(change.id) });
  }
  return {
    jobs: inOrder,
    changes,
    verifications,
    submissions,
    heard,
    record: simulator.record.snapshot(),
    rotation: {
      outages: simulator.record.outages().outages,
      drops: world.drops.map(({ connection, atMs, forMs }) => ({
        vpnConnectionId: connection.id,
        at: startedAt + atMs,
        forMs,
      })),
      handedOver: devices.handedOver,
      untold,
    },
    shown: new Map(
      inventory.connections.map(({ id, regionId }) => [id, shown(simulator, regionId, id)]),
    ),
    stragglers,
    surprises,
  };
}

function shown({ state }: Simulator, regionId: string, id: string): readonly number[] {
  const { ipsec, tunnels } = state.connection(regionId, id);
  return tunnels.length === 0
    ? [ipsec.IpsecLifetime]
    : tunnels.map((tunnel) => tunnel.ipsec.IpsecLifetime);
}

function outcomeOf({ jobs, changes }: Remains): readonly string[] {
  return jobs.flatMap(({ id, title, state }) => [
    `${title}: ${state}`,
    ...changes
      .filter(({ jobId }) => jobId === id)
      .map((change) => `${title}, ${change.vpnConnectionId}: ${change.state}`),
  ]);
}
