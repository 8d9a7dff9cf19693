import { generateInventory } from '../local/simulator/inventory.ts';
import { createPgFreezeStore } from '../shared/adapters/postgres/freeze-store.ts';
import type { Plan } from '../shared/plan/schema.ts';
import { runWorker } from '../shared/worker/run-worker.ts';
import { wokenToTheSecondMs } from '../shared/worker/worker-settings.ts';
import { openVirtualWorld, type VirtualWorld } from '../test/helpers/virtual-world.ts';
import type { Emit } from './lib/figures.ts';
import { openWorld, planFor } from './lib/world.ts';

const settleMs = { min: 20_000, max: 60_000 };
/** What `s.yaml` gives the worker. */
const memoryGb = 0.5;
const processors = 0.35;
/** Units of one second of a processor and of a gigabyte, and the price of a unit. Source: "Billing overview", Function Compute 3.0. */
const price = { perProcessorSecond: 1, perGbSecond: 0.15, dollarsPerUnit: 0.00002 };

const manyLanes = { gateways: 60, connectionsPerGateway: 8, attachments: 120 };
/** Jobs that differ in how much of their time is waiting. */
const cases = [
  { name: 'many lanes', ...manyLanes },
  { name: 'one lane', gateways: 1, connectionsPerGateway: 8, attachments: 0 },
  { name: 'one change', gateways: 1, connectionsPerGateway: 1, attachments: 0 },
];

/** A fleet at the cloud's real pace, under a virtual clock, with a worker that is woken to the second. */
async function openCloudAtPace(sizes: typeof manyLanes) {
  const inventory = generateInventory({ seed: 11, unattached: 0, ...sizes });
  const base = await openWorld('postgres');
  const world = await openVirtualWorld({
    database: base.database,
    simulator: { seed: 11, inventory, settleMs },
    settings: { idleAfterMs: wokenToTheSecondMs },
  });
  return { base, world, inventory };
}

/**
 * What carrying a job out costs in function seconds at the cloud's real pace, on a virtual clock: the worker runs, ends when
 * nothing is due soon, and is woken when something is. Beside it, a function that polls from the job's begin to its end.
 * Virtual time does not pass while code runs: start and execution, milliseconds each, are not in it.
 */
export async function cost(emit: Emit): Promise<void> {
  await waitingForFreeze(emit);
  for (const [job, plan] of Object.entries(waits)) await waitingForJob(emit, job, plan);
  for (const { name, ...sizes } of cases) {
    const { base, world, inventory } = await openCloudAtPace(sizes);
    const { clock } = world;
    const { id } = await world.submit(planFor(inventory.connections));
    const acceptedAt = clock.now();
    const stop = new AbortController();
    let runs = 0;
    let busyMs = 0;
    const carryOut = async (): Promise<void> => {
      for (;;) {
        const startedAt = clock.now();
        // Each run may be on another instance, which knows nothing of the ones before.
        const { nextDueInMs } = await runWorker(world.worker(), stop.signal);
        runs += 1;
        busyMs += clock.now() - startedAt;
        if (nextDueInMs === null) return;
        // As Function Compute wakes: after whole seconds.
        await clock.sleep(Math.ceil(nextDueInMs / 1_000) * 1_000, stop.signal);
      }
    };
    await carryOut();
    const job = await world.jobs.get(id);
    if (job?.state !== 'succeeded' || job.total === null) {
      throw new Error(`the job ended ${job?.state}: ${job?.reason}`);
    }
    const lastedMs = Date.parse(job.finishedAt ?? '') - acceptedAt;
    const params = { job: name, changes: job.total, settleMs: '20000-60000' };
    const perThousand = (busyMs / 1_000 / job.total) * 1_000;
    const units =
      perThousand * (processors * price.perProcessorSecond + memoryGb * price.perGbSecond);
    emit('function-seconds', busyMs / 1_000, 's', params);
    emit('makespan', lastedMs / 1_000, 's', params);
    emit('runs', runs, 'count', params);
    emit('share-of-polling', busyMs / lastedMs, 'ratio', params);
    emit('function-seconds-per-1000-changes', perThousand, 's', params);
    emit('gb-seconds-per-1000-changes', perThousand * memoryGb, 'GB s', params);
    emit('dollars-per-1000-changes', units * price.dollarsPerUnit, '$', params);
    await world.close();
    await base.close();
  }
}

const frozenMs = 3_600_000;
const tickMs = 60_000;

/** What jobs wait for as a whole, for longer than is looked at. */
const waits: Readonly<Record<string, Partial<Plan>>> = {
  'awaiting approval': { approval: { required: 1 } },
  'waiting for its window': { window: { notBefore: '2040-01-01T00:00:00.000Z' } },
};

/**
 * What a job costs while it waits for a person, here for a freeze to end: a run is invoked when it is submitted, and after that
 * only when the timer finds something due. Whatever else keeps a change from starting leaves the lanes as idle.
 */
async function waitingForFreeze(emit: Emit): Promise<void> {
  const { base, world, inventory } = await openCloudAtPace(manyLanes);
  const { clock } = world;
  const beganAt = clock.now();
  await clock.track(() =>
    createPgFreezeStore(base.database).put({
      name: 'bench',
      scope: 'all',
      until: new Date(beganAt + frozenMs).toISOString(),
      reason: 'a long weekend',
      createdBy: 'bench',
    }),
  );
  await world.submit(planFor(inventory.connections));
  const busyMs = await busyWhile(world);
  emit('share-of-polling', busyMs / frozenMs, 'ratio', { job: 'frozen', limit: 0.01 });
  await world.close();
  await base.close();
}

/** The same for a job that is resolved and then waits for a person or a time: nothing but its own lane knows of it. */
async function waitingForJob(emit: Emit, job: string, plan: Partial<Plan>): Promise<void> {
  const { base, world, inventory } = await openCloudAtPace(manyLanes);
  await world.submit({ ...planFor(inventory.connections), ...plan });
  const busyMs = await busyWhile(world);
  emit('share-of-polling', busyMs / frozenMs, 'ratio', { job, limit: 0.01 });
  await world.close();
  await base.close();
}

/** For how long workers run within the hour, invoked at its begin and when the timer finds something due. */
async function busyWhile(world: VirtualWorld): Promise<number> {
  const { clock } = world;
  const endsAt = clock.now() + frozenMs - tickMs;
  const stop = new AbortController();
  let busyMs = 0;
  let isDue = true;
  while (clock.now() < endsAt) {
    const startedAt = clock.now();
    if (isDue) await runWorker(world.worker(), stop.signal);
    busyMs += clock.now() - startedAt;
    await clock.sleep(tickMs, stop.signal);
    const { nextDueInMs } = await world.lanes.repair();
    isDue = nextDueInMs !== null && nextDueInMs <= tickMs;
  }
  return busyMs;
}
