import { availableParallelism } from 'node:os';
import { startChild } from './lib/child.ts';
import { type Emit, median } from './lib/figures.ts';
import { bundleWorker } from './lib/worker.ts';
import { connectionsOf, openWorld, planFor, recordOf, runJob } from './lib/world.ts';

const runs = 5;
const sizes = [1, 4];
/** Attachments alone: every change has a lane of its own, so that nothing but the workers is the limit. */
const fleet = { seed: 5, gateways: 0, connectionsPerGateway: 0, attachments: 600, unattached: 0 };
const simulator = {
  seed: 5,
  latencyMs: 20,
  settleMs: { min: 20, max: 20 },
  lateMs: { min: 0, max: 0 },
};
const pollMs = 100;
const algorithms = ['aes192', 'aes256'];
const common = { changes: fleet.attachments, runs, latencyMs: simulator.latencyMs, pollMs };

/** Where one worker's own bound is the limit, and where the machine is. */
const limits = [
  { by: 'worker', concurrency: 10 },
  { by: 'machine', concurrency: 100 },
];

/**
 * Throughput of one worker process and of four on one PostgreSQL, against a cloud that answers after 20 ms: the median of five
 * jobs each, after one that warms up. Database, cloud and workers share this machine's cores: with few of them more workers
 * help only as far as WORKER_CONCURRENCY holds one back.
 */
export async function scale(emit: Emit): Promise<void> {
  for (const limit of limits) {
    const params = { limitedBy: limit.by, concurrency: limit.concurrency };
    const throughputs: number[] = [];
    for (const workers of sizes) {
      const perSecond = await throughputOf(workers, limit.concurrency);
      throughputs.push(perSecond);
      emit('throughput', perSecond, 'changes/s', { ...params, ...common, workers });
    }
    const [one = Number.NaN, four = Number.NaN] = throughputs;
    emit('speed-up', four / one, 'ratio', { ...params, workers: 4, cores: availableParallelism() });
  }
}

/** Changes a second: the median of the runs. Throws when two changes overlapped. */
async function throughputOf(size: number, concurrency: number): Promise<number> {
  const targets = connectionsOf(fleet);
  const cloud = await startChild('bench/processes/cloud.ts', {
    env: { CLOUD: JSON.stringify({ inventory: fleet, simulator }) },
    readyWhen: /listening on (\S+)/,
  });
  const endpoint = cloud.ready[1] ?? '';
  const world = await openWorld('postgres');
  const databaseUrl = world.url ?? '';
  const bundle = await bundleWorker({ databaseUrl, endpoint, pollMs, concurrency });
  const workers = await Promise.all(Array.from({ length: size }, bundle.start));
  const perSecond: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const { makespanMs } = await runJob(world, planFor(targets, algorithms[run % 2]));
    if (run > 0) perSecond.push((targets.length / makespanMs) * 1_000);
  }
  const { overlaps } = await recordOf(endpoint);
  if (overlaps.length > 0) throw new Error(`${overlaps.length} changes overlapped`);
  await Promise.all(workers.map((worker) => worker.stop()));
  await world.close();
  await cloud.stop();
  return median(perSecond);
}
