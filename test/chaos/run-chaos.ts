import { createRandom } from '../../local/simulator/random.ts';
import type { RecordSnapshot } from '../../local/simulator/record.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { type Counts, vacuities } from './counts.ts';
import { type JudgedChange, judge } from './judge.ts';
import { type Mishap, timelineOf } from './timeline.ts';
import { openWorld, type World } from './world.ts';

/** One run. */
export interface ChaosOptions {
  seed: number;
  /** How long things go wrong. Starting and coming to rest takes half a minute more. */
  minutes: number;
  /** Worker processes at a time. */
  workers: number;
  /** How many of them have to be killed; 0 = as many as usual. */
  kills: number;
  /** Whether a third of the plans makes keys, which are delivered to KMS and proved. */
  rotates: boolean;
}

/** How a run went. It holds when nothing contradicts the promises and enough went wrong. */
export interface ChaosReport extends ChaosOptions {
  holds: boolean;
  counts: Counts;
  /** What else is worth knowing of the run. */
  notes: Readonly<Record<string, number>>;
  violations: readonly string[];
  vacuities: readonly string[];
}

const minuteMs = 60_000;
/** No more jobs than this are under way, so that each sees its share of the mishaps. */
const mostOpenJobs = 10;
const submitEveryMs = 250;
const tickEveryMs = 3_000;
/** What is not over so long after the last mishap is stuck. */
const restLimitMs = 3 * minuteMs;

/**
 * Keeps workers busy on PostgreSQL and a simulated cloud, in processes of their own, while everything between them breaks as
 * the seed says; then lets all come to rest, and has the cloud's own record judge. The faults and their times come from the
 * seed; what they meet depends on the machine.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const world = await openWorld(options);
  try {
    const lengthMs = options.minutes * minuteMs;
    const strikes = { kills: 0, suspensions: 0, databaseRestarts: 0 };
    const end = clock.monotonic() + lengthMs;
    await Promise.all([
      keepSubmitting(world, options.seed, end),
      ...timelineOf(options.seed, lengthMs, options.kills).map((mishap) =>
        strike(world, mishap, strikes),
      ),
    ]);
    world.weather.cloud.clear();
    world.weather.database.clear();
    const restedMs = await rest(world);
    const takeovers = await world.herd.takeovers();
    const badEnds = await world.herd.end();
    return await reportOf(world, options, { ...strikes, takeovers, restedMs, badEnds });
  } finally {
    await world.close();
  }
}

async function keepSubmitting(world: World, seed: number, end: number): Promise<void> {
  const random = createRandom(seed + 5);
  let tickAt = 0;
  while (clock.monotonic() < end) {
    if (clock.monotonic() >= tickAt) {
      tickAt = clock.monotonic() + tickEveryMs * (0.5 + random.next());
      await world.intake.tickTwice();
    }
    if ((await openJobs(world)) < mostOpenJobs)
      await world.intake.submit(world.inventory.connections);
    await clock.sleep(submitEveryMs);
  }
}

/** Jobs that have not ended, or are still to be sealed. */
async function openJobs({ ask }: World): Promise<number> {
  const [row] = await ask(
    `SELECT count(*)::int AS open FROM lanekeeper.job j
      WHERE NOT EXISTS (SELECT 1 FROM lanekeeper.seal s WHERE s.job_id = j.id)`,
  );
  return Number(row?.open);
}

async function strike(
  world: World,
  mishap: Mishap,
  strikes: { kills: number; suspensions: number; databaseRestarts: number },
): Promise<void> {
  await clock.sleep(mishap.atMs);
  switch (mishap.kind) {
    case 'kill':
      if (await world.herd.kill()) strikes.kills += 1;
      break;
    case 'suspend':
      if (await world.herd.suspend(mishap.forMs)) strikes.suspensions += 1;
      break;
    case 'restart-database':
      await world.crashDatabase(mishap.againAfterMs);
      strikes.databaseRestarts += mishap.againAfterMs === null ? 1 : 2;
      break;
    case 'weather':
      world.weather[mishap.over].set(mishap.trouble, mishap.forMs);
      break;
    case 'console': {
      const { connections } = world.inventory;
      const connection = connections[Math.floor(mishap.pick * connections.length)];
      if (connection) await world.occupy(connection, mishap.settleMs);
    }
  }
}

/** Waits until all jobs are over, with the timer going; gives up after a while, and the judge says what is stuck. */
async function rest(world: World): Promise<number> {
  const startedAt = clock.monotonic();
  const restedMs = (): number => Math.round(clock.monotonic() - startedAt);
  while ((await openJobs(world)) > 0 && restedMs() < restLimitMs) {
    await world.intake.tickTwice();
    await clock.sleep(submitEveryMs);
  }
  return restedMs();
}

async function changesOf({
  ask,
}: World): Promise<readonly (JudgedChange & { attempts: number })[]> {
  const [rows, requests] = await Promise.all([
    ask(
      `SELECT id, vpn_connection_id, state, last_error::text, attempts + refusals AS attempts
         FROM lanekeeper.change ORDER BY position, seq`,
    ),
    ask(
      `SELECT change_id, data->>'part' AS part, data->>'clientToken' AS token
         FROM lanekeeper.journal WHERE kind = 'prepared' ORDER BY change_id, number`,
    ),
  ]);
  // A refusal as busy gives the next request of a part another token.
  const tokens = new Map<string, Map<string, string>>();
  for (const { change_id, part, token } of requests) {
    const known = tokens.get(String(change_id)) ?? new Map<string, string>();
    tokens.set(String(change_id), known.set(String(part), String(token)));
  }
  return rows.map((row) => ({
    id: String(row.id),
    vpnConnectionId: String(row.vpn_connection_id),
    state: String(row.state),
    clientTokens: [...(tokens.get(String(row.id))?.values() ?? [])],
    lastError: row.last_error === null ? null : String(row.last_error),
    attempts: Number(row.attempts),
  }));
}

async function reportOf(
  world: World,
  options: ChaosOptions,
  met: Pick<Counts, 'kills' | 'suspensions' | 'databaseRestarts' | 'takeovers'> & {
    restedMs: number;
    badEnds: readonly (number | null)[];
  },
): Promise<ChaosReport> {
  const { restedMs, badEnds, ...strikes } = met;
  const record = await world.record();
  const changes = await changesOf(world);
  const jobs = await world.ask(
    `SELECT j.id, j.state, CASE WHEN s.job_id IS NULL THEN 'not sealed'
                                WHEN s.verification->>'holds' = 'false' THEN s.verification::text END AS journal
       FROM lanekeeper.job j LEFT JOIN lanekeeper.seal s ON s.job_id = j.id`,
  );
  const { cloud, database } = world.weather;
  const counts: Counts = {
    ...strikes,
    lostReplies: cloud.lostReplies() + database.lostReplies() + lostByCloud(record),
    busyAnswers: record.busyAnswers,
    retries: changes.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
    rotations: world.intake.rotated.size,
    changes: changes.length,
  };
  const violations = [
    ...judge({
      changes,
      record,
      jobs: jobs.map(({ id, state, journal }) => {
        const broken = journal === null ? null : String(journal);
        return { id: String(id), state: String(state), journal: broken };
      }),
      wanted: world.intake.wanted,
      shown: await world.shown(),
      rotated: world.intake.rotated,
      keys: await world.keys(),
    }),
    ...badEnds.map((code) => `a worker that was asked to end ended with ${code}`),
  ];
  const tooLittle = vacuities(counts, options);
  return {
    ...options,
    holds: violations.length === 0 && tooLittle.length === 0,
    counts,
    notes: {
      jobs: jobs.length,
      overlaps: record.overlaps.length,
      effectiveWrites: record.writes.filter(
        ({ source, effective }) => source === 'api' && effective,
      ).length,
      repeatedWrites: record.writes.filter(({ outcome }) => outcome === 'repeated').length,
      repeatedSubmits: world.intake.repeated(),
      lostRequests: cloud.lostRequests() + database.lostRequests(),
      fencedResults: world.herd.lostLanes(),
      restedMs,
    },
    violations,
    vacuities: tooLittle,
  };
}

/** Answers that the simulator itself lost or spoiled after it had applied the change. */
function lostByCloud({ faults }: RecordSnapshot): number {
  const kinds = ['lostAfterApply', 'error500Applied', 'html502Applied', 'truncated'];
  return kinds.reduce((sum, kind) => sum + (faults[kind] ?? 0), 0);
}
