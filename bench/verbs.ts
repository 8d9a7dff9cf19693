import { generateInventory } from '../local/simulator/inventory.ts';
import { createPgFreezeStore } from '../shared/adapters/postgres/freeze-store.ts';
import { createPgJobVerbs } from '../shared/adapters/postgres/job-verbs.ts';
import type { Verb } from '../shared/job/job-verbs.ts';
import { openVirtualWorld, type VirtualWorld } from '../test/helpers/virtual-world.ts';
import type { Emit } from './lib/figures.ts';
import { connectionsOf, openWorld, planFor, type World } from './lib/world.ts';

const names = ['pause', 'cancel', 'freeze'] as const;
type Name = (typeof names)[number];

const pollIntervalMs = 3_000;
const rounds = 5;
const fleet = {
  seed: 7,
  gateways: 10,
  connectionsPerGateway: 4,
  attachments: 40,
  unattached: 0,
};
/** Long enough that nothing which was in flight is any more. */
const quietMs = 180_000;

/** What stops a job, and how that is lifted. */
interface Order {
  give(jobId: string): Promise<unknown>;
  lift(jobId: string): Promise<unknown>;
}

/**
 * How long after a verb was answered the cloud still saw the first request of a connection, by its own record: on a virtual clock, with
 * two workers, at moments that differ. Throws where that is more than a poll.
 */
export async function verbs(emit: Emit): Promise<void> {
  for (const name of names) {
    const seen = await measure(name);
    const last = Math.max(0, ...seen.flatMap(({ lateMs }) => lateMs));
    const params = { verb: name, rounds, connections: connectionsOf(fleet).length };
    emit('last-start-after-answer', last, 'ms', { ...params, limit: pollIntervalMs });
    if (last > pollIntervalMs) throw new Error(`${name}: a change was begun ${last} ms later`);
    if (seen.some(({ waiting }) => waiting === 0)) throw new Error(`${name}: nothing was left`);
  }
}

async function measure(
  name: Name,
): Promise<readonly { lateMs: readonly number[]; waiting: number }[]> {
  const base = await openWorld('postgres');
  const world = await openVirtualWorld({
    database: base.database,
    simulator: {
      seed: fleet.seed,
      inventory: generateInventory(fleet),
      latencyMs: 300,
      settleMs: { min: 8_000, max: 30_000 },
    },
    settings: { pollIntervalMs },
  });
  const order = ordersOn(world, base)[name];
  const seen: { lateMs: readonly number[]; waiting: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const plan = planFor(connectionsOf(fleet), round % 2 === 0 ? 'aes256' : 'aes192');
    const { id } = await world.submit({ ...plan, rollout: { ...plan.rollout, concurrency: 20 } });
    const before = world.simulator.record.writes().length;
    const draining = Promise.all([world.drain(), world.drain()]);
    await world.clock.sleep(15_000 + round * 3_370);
    await order.give(id);
    const answeredAt = world.clock.now();
    await world.clock.sleep(quietMs);
    const { queued = 0, cancelled = 0 } = (await world.jobs.get(id))?.counts ?? {};
    seen.push({ lateMs: begunAfter(world, { before, answeredAt }), waiting: queued + cancelled });
    await order.lift(id);
    await draining;
    await world.drain();
  }
  const overlaps = world.simulator.record.overlaps().length;
  if (overlaps > 0) throw new Error(`${overlaps} changes overlapped`);
  await world.close();
  await base.close();
  return seen;
}

/** The verbs as a person gives them, each after what it took to answer. */
function ordersOn({ clock, lanes }: VirtualWorld, { database }: World): Record<Name, Order> {
  const jobs = createPgJobVerbs(database);
  const freezes = createPgFreezeStore(database);
  const verb =
    (name: Verb) =>
    (jobId: string): Promise<unknown> =>
      clock.track(() => jobs.order(jobId, name, { actor: 'bench', reason: 'a look' }));
  const freeze = { name: 'now', scope: 'all', reason: 'audit', createdBy: 'bench' };
  return {
    pause: { give: verb('pause'), lift: verb('resume') },
    cancel: { give: verb('cancel'), lift: async () => null },
    freeze: {
      give: () => {
        const until = new Date(clock.now() + 86_400_000).toISOString();
        return clock.track(() => freezes.put({ ...freeze, until }));
      },
      lift: () =>
        clock.track(async () => {
          await freezes.remove(freeze.name);
          await lanes.repair();
        }),
    },
  };
}

/** How long after the answer the first request of each connection came whose turn had not begun. */
function begunAfter(
  { simulator }: VirtualWorld,
  { before, answeredAt }: { before: number; answeredAt: number },
): readonly number[] {
  const writes = simulator.record.writes().slice(before);
  const known = writes.filter(({ acceptedAt }) => acceptedAt <= answeredAt);
  const inFlight = new Set(known.map(({ vpnConnectionId }) => vpnConnectionId));
  return writes
    .filter(({ acceptedAt }) => acceptedAt > answeredAt)
    .filter(({ vpnConnectionId }) => !inFlight.has(vpnConnectionId))
    .map(({ acceptedAt }) => acceptedAt - answeredAt);
}
