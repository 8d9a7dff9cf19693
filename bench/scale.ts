import { availableParallelism } from 'node:os';
import { startChild } from './lib/child.ts';
import { type CoresInUse, measureCores } from './lib/cpu.ts';
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

/** Where one worker's own bound is the limit; the default; and where the machine is. */
const concurrencies = [10, 50, 100];
const wanted = 1.3;

/**
 * Throughput of one worker process and of four on one PostgreSQL, against a cloud that answers after 20 ms: the median of five
 * jobs each, after one that warms up. Database, cloud and workers share this machine's cores, so that more workers help only
 * as far as WORKER_CONCURRENCY holds one back: the cores in use show which of the two it was. A speed-up counts where one
 * worker left cores idle.
 */
export async function scale(emit: Emit): Promise<void> {
  const cores = availableParallelism();
  for (const concurrency of concurrencies) {
    const throughputs: number[] = [];
    for (const workers of sizes) {
      const { perSecond, inUse } = await throughputOf(workers, concurrency);
      throughputs.push(perSecond);
      const params = { concurrency, ...common, workers };
      emit('throughput', perSecond, 'changes/s', params);
      for (const [by, value] of Object.entries(inUse))
        emit('cores-in-use', value, 'cores', { ...params, by, cores });
    }
    const [one = Number.NaN, four = Number.NaN] = throughputs;
    emit('speed-up', four / one, 'ratio', { concurrency, workers: 4, cores, wanted });
  }
}

/** Changes a second: the median of the runs. Throws when two changes overlapped. */
async function throughputOf(
  size: number,
  concurrency: number,
): Promise<{ perSecond: number; inUse: CoresInUse }> {
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
  const job = async (run: number): Promise<number> => {
    const { makespanMs } = await runJob(world, planFor(targets, algorithms[run % 2]));
    return (targets.length / makespanMs) * 1_000;
  };
  await job(0);
  const cores = await measureCores({ workers: workers.map(({ pid }) => pid), cloud: cloud.pid });
  const perSecond: number[] = [];
  for (let run = 1; run <= runs; run += 1) perSecond.push(await job(run));
  const inUse = await cores();
  const { overlaps } = await recordOf(endpoint);
  if (overlaps.length > 0) throw new Error(`${overlaps.length} changes overlapped`);
  await Promise.all(workers.map((worker) => worker.stop()));
  await world.close();
  await cloud.stop();
  return { perSecond: median(perSecond), inUse };
}
