import { fillLanes } from '../scripts/fill-lanes.ts';
import { createPgLaneStore } from '../shared/adapters/postgres/lane-store.ts';
import { systemClock as clock } from '../shared/platform/clock.ts';
import { type RunningProgram, spawnProgram } from '../test/helpers/programs.ts';
import { startChild } from './lib/child.ts';
import { type Emit, median, quantile } from './lib/figures.ts';
import {
  connectionsOf,
  ended,
  openWorld,
  planFor,
  recordOf,
  secretsKey,
  type World,
} from './lib/world.ts';

const leaseSeconds = 5;
const pollMs = 500;
const kills = 5;
/** A killed worker is one that had so many lanes in its hands. */
const heldAtLeast = 5;
const fleet = { seed: 9, gateways: 0, connectionsPerGateway: 0, attachments: 200, unattached: 0 };
const simulator = { seed: 9, latencyMs: 100, settleMs: { min: 1_000, max: 2_000 } };

const sizes = [
  { changes: 1_000, lanes: 200 },
  { changes: 1_000_000, lanes: 200 },
  { changes: 1_000_000, lanes: 200_000 },
];
const claims = 500;
const claimed = 20;

/** How soon the lanes of a killed worker go on, and what a claim costs with little and with much waiting behind. */
export async function recovery(emit: Emit): Promise<void> {
  await afterKills(emit);
  await claimLatency(emit);
}

interface Worker {
  id: string;
  program: RunningProgram;
}

async function startWorker(world: World, endpoint: string): Promise<Worker> {
  const program = spawnProgram('local/worker/main.ts', {
    DATABASE_URL: world.url ?? '',
    VPC_ENDPOINT: endpoint,
    SECRETS_KEY: secretsKey,
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAIsimulator',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'simulator-secret',
    LEASE_SECONDS: String(leaseSeconds),
    POLL_INTERVAL_MS: String(pollMs),
    READS_PER_MINUTE: '1000000',
    WRITES_PER_MINUTE: '1000000',
    LOG_LEVEL: 'error',
  });
  const [, id = ''] = await program.printed(/^working as (wrk_\w+)$/m);
  return { id, program };
}

/** Lanes that a worker left behind, and the monotonic time of its end. */
interface Orphans {
  lanes: readonly string[];
  since: number;
}

/** Kills the worker as soon as it holds enough lanes. */
async function killAtWork(world: World, { id, program }: Worker): Promise<Orphans> {
  const held = async (): Promise<string[]> => {
    const rows = await world.database.query(
      `SELECT lane_key FROM lanekeeper.lane WHERE worker = $1 AND kind NOT IN ('region', 'job')`,
      [id],
    );
    return rows.map(({ lane_key }) => String(lane_key));
  };
  while ((await held()).length < heldAtLeast) await clock.sleep(5);
  const since = clock.monotonic();
  await program.end('SIGKILL');
  // What it had sent to the database before it died is done by now.
  await clock.sleep(50);
  return { lanes: await held(), since };
}

/** Milliseconds from the end of the worker until another had written the next step, for each of its lanes. */
async function stepsAfter(world: World, { lanes, since }: Orphans): Promise<number[]> {
  const open = new Set(lanes);
  const took: number[] = [];
  const epochs = await epochsOf(world, lanes);
  while (open.size > 0) {
    const rows = await world.database.query(
      `SELECT lane_key, epoch FROM lanekeeper.lane WHERE lane_key = ANY ($1) AND worker IS NULL`,
      [[...open]],
    );
    for (const { lane_key, epoch } of rows) {
      const key = String(lane_key);
      // Claimed by another, and given back after its step.
      if (Number(epoch) === epochs.get(key)) continue;
      took.push(clock.monotonic() - since);
      open.delete(key);
    }
    await clock.sleep(10);
  }
  return took;
}

async function epochsOf(
  { database }: World,
  laneKeys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query(
    'SELECT lane_key, epoch FROM lanekeeper.lane WHERE lane_key = ANY ($1)',
    [laneKeys],
  );
  return new Map(rows.map(({ lane_key, epoch }) => [String(lane_key), Number(epoch)]));
}

async function afterKills(emit: Emit): Promise<void> {
  const cloud = await startChild('bench/processes/cloud.ts', {
    env: { CLOUD: JSON.stringify({ inventory: fleet, simulator }) },
    readyWhen: /listening on (\S+)/,
  });
  const endpoint = cloud.ready[1] ?? '';
  const world = await openWorld('postgres');
  const standby = await startWorker(world, endpoint);
  const took: number[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const doomed = await startWorker(world, endpoint);
    const algorithm = kill % 2 === 0 ? 'aes192' : 'aes256';
    const { id } = await world.submit(planFor(connectionsOf(fleet), algorithm));
    const orphans = await killAtWork(world, doomed);
    took.push(...(await stepsAfter(world, orphans)));
    await ended(world.jobs, id);
  }
  const { overlaps } = await recordOf(endpoint);
  if (overlaps.length > 0) throw new Error(`${overlaps.length} changes overlapped`);
  const params = { kills, lanes: took.length, leaseSeconds, pollMs };
  emit('next-step-after-kill-p50', median(took) / 1_000, 's', params);
  emit('next-step-after-kill-most', Math.max(...took) / 1_000, 's', {
    ...params,
    wanted: leaseSeconds + (2 * pollMs) / 1_000,
  });
  await standby.program.end('SIGTERM');
  await world.close();
  await cloud.stop();
}

async function claimLatency(emit: Emit): Promise<void> {
  const world = await openWorld('postgres');
  const lanes = createPgLaneStore(world.database);
  let least = Number.NaN;
  for (const size of sizes) {
    await fillLanes(world.database, size);
    const times: number[] = [];
    for (let turn = 0; turn < claims; turn += 1) {
      const startedAt = clock.monotonic();
      const found = await lanes.claim({ worker: 'bench', limit: claimed, leaseSeconds: 60 });
      times.push(clock.monotonic() - startedAt);
      await world.database.query(
        `UPDATE lanekeeper.lane SET due_at = now() - interval '1 minute', worker = NULL WHERE lane_key = ANY ($1)`,
        [found.lanes.map(({ laneKey }) => laneKey)],
      );
    }
    const params = { ...size, claims, claimed };
    emit('claim-p50', median(times), 'ms', params);
    emit('claim-p99', quantile(times, 0.99), 'ms', params);
    if (size === sizes[0]) least = quantile(times, 0.99);
    else
      emit('claim-p99-growth', quantile(times, 0.99) / least, 'ratio', { ...params, wanted: 1.5 });
  }
  await world.close();
}
