import { systemClock as clock } from '../shared/platform/clock.ts';
import { type Child, startChild } from './lib/child.ts';
import type { Emit, Figure } from './lib/figures.ts';
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

/** How long everything takes that is not ours to do: the cloud's settle times and the time between looks, milliseconds. */
interface Pace {
  settleMs: { min: number; max: number };
  lateMs: { min: number; max: number };
  pollMs: number;
}

const asGiven: Pace = {
  settleMs: { min: 200, max: 600 },
  lateMs: { min: 0, max: 50 },
  pollMs: 100,
};

/** The same with everything so many times as long: to ours it is a machine so many times as fast. */
function slowed(times: number): Pace {
  const { settleMs, lateMs, pollMs } = asGiven;
  return {
    settleMs: { min: settleMs.min * times, max: settleMs.max * times },
    lateMs: { min: lateMs.min * times, max: lateMs.max * times },
    pollMs: pollMs * times,
  };
}

const fleet = { changes: 600, gateways: 60, attachments: 120 };

function paramsOf({ settleMs, pollMs }: Pace): Figure['params'] {
  return { ...fleet, settleMs: `${settleMs.min}-${settleMs.max}`, pollMs };
}

function startCloud({ settleMs, lateMs }: Pace): Promise<Child> {
  const simulator = { seed: 7, settleMs, lateMs };
  return startChild('bench/processes/cloud.ts', {
    env: { CLOUD: JSON.stringify({ inventory: mainFleet, simulator }) },
    readyWhen: /listening on (\S+)/,
  });
}

function report(
  emit: Emit,
  more: Figure['params'],
  { cost, makespanMs }: { cost: Cost; makespanMs: number },
): void {
  emit('makespan', makespanMs, 'ms', more);
  emit('lower-bound', cost.lowerBoundMs, 'ms', more);
  emit('efficiency', cost.lowerBoundMs / makespanMs, 'ratio', more);
  emit('writes-per-change', cost.writes / fleet.changes, 'calls', more);
  emit('reads-per-change', cost.reads / fleet.changes, 'calls', more);
  emit('busy-answers', cost.busyAnswers, 'calls', more);
  emit('overlaps', cost.overlaps, 'count', more);
  if (cost.effective !== fleet.changes)
    throw new Error(`${more.who}: ${cost.effective} writes took effect`);
}

/**
 * The main job: the bundled worker in a process of its own, on PostgreSQL, against a simulated cloud in another process, with
 * a plain loop over the same fleet (10 connections in parallel, as a script or Terraform does it) as the baseline.
 */
export async function mainJob(emit: Emit): Promise<void> {
  await ownJob(emit, asGiven);
  await plainLoop(emit, asGiven);
}

/**
 * The main job at twice and four times its times. What the engine itself takes for each change stays the same, so this tells it from
 * what waiting for the next look takes, which grows along.
 */
export async function mainJobSlowed(emit: Emit): Promise<void> {
  for (const times of [2, 4]) await ownJob(emit, slowed(times));
}

/** The worker has done the same job once before, with other algorithms: a cold process spends its first seconds compiling itself. */
async function ownJob(emit: Emit, pace: Pace): Promise<void> {
  const targets = connectionsOf(mainFleet);
  const params = paramsOf(pace);
  const more = { ...params, who: 'lanekeeper' };
  const ours = await startCloud(pace);
  const endpoint = ours.ready[1] ?? '';
  const world = await openWorld('postgres');
  const { pollMs } = pace;
  const bundle = await bundleWorker({ databaseUrl: world.url ?? '', endpoint, pollMs });
  const worker = await bundle.start();
  const cold = await runJob(world, planFor(targets, 'aes192'));
  const before = await recordOf(endpoint);
  const warm = await runJob(world, planFor(targets, 'aes256'));
  emit('makespan-cold', cold.makespanMs, 'ms', more);
  emit('resolving', warm.resolvingMs, 'ms', more);
  const cost = costOf(await recordOf(endpoint), before);
  report(emit, more, { cost, makespanMs: warm.makespanMs });
  emit('worker-memory', await worker.peakMemoryMiB(), 'MiB', params);
  await worker.stop();
  await world.close();
  await ours.stop();
}

async function plainLoop(emit: Emit, pace: Pace): Promise<void> {
  const cloud = await startCloud(pace);
  const endpoint = cloud.ready[1] ?? '';
  const plan = planFor(connectionsOf(mainFleet));
  const startedAt = clock.monotonic();
  await runPlainLoop(endpoint, plan, { parallel: 10, pollMs: pace.pollMs });
  const makespanMs = clock.monotonic() - startedAt;
  const cost = costOf(await recordOf(endpoint));
  report(emit, { ...paramsOf(pace), who: 'plain-loop' }, { cost, makespanMs });
  await cloud.stop();
}
