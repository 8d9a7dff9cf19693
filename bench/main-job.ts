import type { Plan } from '../shared/plan/schema.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { type Child, startChild } from './lib/child.ts';
import type { Emit } from './lib/figures.ts';
import { runPlainLoop } from './lib/plain-loop.ts';
import { bundleWorker } from './lib/worker.ts';
import {
  type Cost,
  connectionsOf,
  costOf,
  mainFleet,
  openWorld,
  planFor,
  recordOf,
  runJob,
} from './lib/world.ts';

const pollMs = 100;
const cloud = JSON.stringify({
  inventory: mainFleet,
  simulator: { seed: 7, settleMs: { min: 200, max: 600 }, lateMs: { min: 0, max: 50 } },
});
const params = { changes: 600, gateways: 60, attachments: 120, settleMs: '200-600', pollMs };

function startCloud(): Promise<Child> {
  return startChild('bench/processes/cloud.ts', {
    env: { CLOUD: cloud },
    readyWhen: /listening on (\S+)/,
  });
}

function report(emit: Emit, who: string, cost: Cost, makespanMs: number): void {
  const more = { ...params, who };
  emit('makespan', makespanMs, 'ms', more);
  emit('lower-bound', cost.lowerBoundMs, 'ms', more);
  emit('efficiency', cost.lowerBoundMs / makespanMs, 'ratio', more);
  emit('writes-per-change', cost.writes / params.changes, 'calls', more);
  emit('reads-per-change', cost.reads / params.changes, 'calls', more);
  emit('busy-answers', cost.busyAnswers, 'calls', more);
  emit('overlaps', cost.overlaps, 'count', more);
  if (cost.effective !== params.changes)
    throw new Error(`${who}: ${cost.effective} writes took effect`);
}

/**
 * The main job: the bundled worker in a process of its own, on PostgreSQL, against a simulated cloud in another process, with
 * a plain loop over the same fleet (10 connections in parallel, as a script or Terraform does it) as the baseline. The worker
 * has done the same job once before, with other algorithms: a cold process spends its first seconds compiling itself.
 */
export async function mainJob(emit: Emit): Promise<void> {
  const targets = connectionsOf(mainFleet);
  const ours = await startCloud();
  const endpoint = ours.ready[1] ?? '';
  const world = await openWorld('postgres');
  const bundle = await bundleWorker({ databaseUrl: world.url ?? '', endpoint, pollMs });
  const worker = await bundle.start();
  const cold = await runJob(world, planFor(targets, 'aes192'));
  const before = await recordOf(endpoint);
  const warm = await runJob(world, planFor(targets, 'aes256'));
  emit('makespan-cold', cold.makespanMs, 'ms', { ...params, who: 'lanekeeper' });
  emit('resolving', warm.resolvingMs, 'ms', { ...params, who: 'lanekeeper' });
  report(emit, 'lanekeeper', costOf(await recordOf(endpoint), before), warm.makespanMs);
  emit('worker-memory', await worker.peakMemoryMiB(), 'MiB', params);
  await worker.stop();
  await world.close();
  await ours.stop();
  await plainLoop(emit, planFor(targets));
}

async function plainLoop(emit: Emit, plan: Plan): Promise<void> {
  const cloud = await startCloud();
  const endpoint = cloud.ready[1] ?? '';
  const startedAt = clock.monotonic();
  await runPlainLoop(endpoint, plan, { parallel: 10, pollMs });
  const makespan = clock.monotonic() - startedAt;
  report(emit, 'plain-loop', costOf(await recordOf(endpoint)), makespan);
  await cloud.stop();
}
