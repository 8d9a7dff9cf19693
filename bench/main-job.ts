import type { RecordSnapshot } from '../local/simulator/record.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { type Child, startChild } from './lib/child.ts';
import type { Emit } from './lib/figures.ts';
import { runPlainLoop } from './lib/plain-loop.ts';
import { startWorker } from './lib/worker.ts';
import {
  callsOf,
  connectionsOf,
  ended,
  mainFleet,
  openWorld,
  planFor,
  recordOf,
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

function report(emit: Emit, who: string, record: RecordSnapshot, makespanMs: number): void {
  const { reads, writes, effective } = callsOf(record);
  const more = { ...params, who };
  emit('makespan', makespanMs, 'ms', more);
  emit('lower-bound', record.longestLaneMs, 'ms', more);
  emit('efficiency', record.longestLaneMs / makespanMs, 'ratio', more);
  emit('writes-per-change', writes / 600, 'calls', more);
  emit('reads-per-change', reads / 600, 'calls', more);
  emit('busy-answers', record.busyAnswers, 'calls', more);
  emit('overlaps', record.overlaps.length, 'count', more);
  if (effective !== 600) throw new Error(`${who}: ${effective} effective writes instead of 600`);
}

/**
 * The main job: the bundled worker in a process of its own, on PostgreSQL, against a simulated cloud in another process, with
 * a plain loop over the same fleet (10 connections in parallel, as a script or Terraform does it) as the baseline.
 */
export async function mainJob(emit: Emit): Promise<void> {
  const plan = planFor(connectionsOf(mainFleet));
  const ours = await startCloud();
  const world = await openWorld('postgres');
  const worker = await startWorker({
    databaseUrl: world.url ?? '',
    endpoint: ours.ready[1] ?? '',
    pollMs,
  });
  const { id } = await world.submit(plan);
  const job = await ended(world.jobs, id);
  if (job.state !== 'succeeded') throw new Error(`the job ended ${job.state}: ${job.reason}`);
  const makespan = Date.parse(job.finishedAt ?? '') - Date.parse(job.createdAt);
  report(emit, 'lanekeeper', await recordOf(ours.ready[1] ?? ''), makespan);
  emit('worker-memory', await worker.peakMemoryMiB(), 'MiB', params);
  await worker.stop();
  await world.close();
  await ours.stop();

  const theirs = await startCloud();
  const startedAt = clock.monotonic();
  await runPlainLoop(theirs.ready[1] ?? '', plan, { parallel: 10, pollMs });
  report(emit, 'plain-loop', await recordOf(theirs.ready[1] ?? ''), clock.monotonic() - startedAt);
  await theirs.stop();
}
