import { randomBytes } from 'node:crypto';
import { openDatabase } from '../../local/host/open-database.ts';
import { generateInventory, type InventoryOptions } from '../../local/simulator/inventory.ts';
import type { RecordSnapshot } from '../../local/simulator/record.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import type { JobStore } from '../../shared/job/job-store.ts';
import type { JobRecord } from '../../shared/job/record.ts';
import { submitJob } from '../../shared/job/submit-job.ts';
import { Plan } from '../../shared/plan/schema.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { createIds } from '../../shared/platform/id.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { loadDigestKey } from '../../shared/secret/digest-key.ts';
import { createSealer } from '../../shared/secret/sealer.ts';
import { startPostgres } from '../../test/helpers/postgres-server.ts';

export const logger = createLogger({ level: 'warn', clock });

/** The fleet of the main job: 60 gateways with 8 connections each and 120 attachments. */
export const mainFleet: InventoryOptions = {
  seed: 7,
  gateways: 60,
  connectionsPerGateway: 8,
  attachments: 120,
  unattached: 0,
};

export const secretsKey = randomBytes(32).toString('base64');

/** A plan that upgrades the algorithms and sets a key on every connection of a fleet, all at once. */
export function planFor(
  targets: readonly { regionId: string; id: string }[],
  algorithm = 'aes256',
): Plan {
  return Plan.parse({
    title: 'benchmark',
    targets: targets.map(({ regionId, id }) => ({ regionId, vpnConnectionId: id })),
    set: {
      IkeConfig: { Psk: 'benchmarkKey0123456789', IkeVersion: 'ikev2', IkeEncAlg: algorithm },
      IpsecConfig: { IpsecEncAlg: algorithm },
    },
    acceptOutage: true,
    rollout: { concurrency: '100%', redundancy: 'none' },
    verify: { tunnel: 'none' },
  });
}

/** Every connection of a generated fleet. */
export function connectionsOf(
  fleet: InventoryOptions,
): readonly { regionId: string; id: string }[] {
  return generateInventory(fleet).connections.map(({ regionId, id }) => ({ regionId, id }));
}

/** A database with intake on it. */
export interface World {
  database: Database;
  url: string | null;
  jobs: JobStore;
  sealer: ReturnType<typeof createSealer>;
  digestKey: Buffer;
  submit(plan: Plan): Promise<JobRecord>;
  close(): Promise<void>;
}

/** A fresh database of either kind. The server writes to disk as in production, the embedded one too. */
export async function openWorld(kind: Database['kind']): Promise<World> {
  const server = kind === 'postgres' ? await startPostgres({ isDurable: true }) : null;
  const url = server?.url ?? null;
  const database = await openDatabase({
    database: { url: url === null ? null : new Secret(url), dataDir: ':memory:' },
    clock,
    logger,
  });
  const sealer = createSealer(new Secret(secretsKey), random);
  const digestKey = await loadDigestKey({
    keyring: createPgKeyringStore(database),
    sealer,
    random,
  });
  const jobs = createPgJobStore(database);
  const deps = { jobs, sealer, ids: createIds(clock, random), digestKey: async () => digestKey };
  return {
    database,
    url,
    jobs,
    sealer,
    digestKey,
    submit: async (plan) =>
      (await submitJob(deps, { actor: 'bench', plan, idempotencyKey: null })).job,
    async close() {
      await database.close();
      await server?.stop();
    },
  };
}

/** Waits until a job is over. */
export async function ended(jobs: JobStore, jobId: string): Promise<JobRecord> {
  for (;;) {
    const job = await jobs.get(jobId);
    if (job?.finishedAt) return job;
    await clock.sleep(50);
  }
}

/** Times of a job: until it was resolved and released, and from then until its last change was done. Milliseconds. */
export interface Times {
  resolvingMs: number;
  makespanMs: number;
}

/** Submits a plan and waits for its end; throws when it does not succeed. */
export async function runJob(world: World, plan: Plan): Promise<Times> {
  const { id } = await world.submit(plan);
  const job = await ended(world.jobs, id);
  if (job.state !== 'succeeded') throw new Error(`the job ended ${job.state}: ${job.reason}`);
  const startedAt = Date.parse(job.startedAt ?? '');
  return {
    resolvingMs: startedAt - Date.parse(job.createdAt),
    makespanMs: Date.parse(job.finishedAt ?? '') - startedAt,
  };
}

/** What a simulated cloud in another process saw. */
export async function recordOf(url: string): Promise<RecordSnapshot> {
  const response = await fetch(`${url}/_simulator/record`);
  return response.json() as Promise<RecordSnapshot>;
}

/** What a job cost, from the simulated cloud's own record. */
export interface Cost {
  reads: number;
  writes: number;
  effective: number;
  busyAnswers: number;
  overlaps: number;
  /** The largest sum of settle times over the lock scopes: nothing can be quicker. Milliseconds. */
  lowerBoundMs: number;
}

/** The cost of what happened since an earlier record; of everything without one. */
export function costOf(record: RecordSnapshot, before?: RecordSnapshot): Cost {
  const known = before?.writes.length ?? 0;
  const effective = record.writes.slice(known).filter((write) => write.effective);
  const lanes = new Map<string, number>();
  for (const { scope, acceptedAt, settledAt } of effective) {
    if (scope === null || settledAt === null) continue;
    lanes.set(scope, (lanes.get(scope) ?? 0) + settledAt - acceptedAt);
  }
  return {
    reads: callsOf(record, false) - (before ? callsOf(before, false) : 0),
    writes: callsOf(record, true) - (before ? callsOf(before, true) : 0),
    effective: effective.length,
    busyAnswers: record.busyAnswers - (before?.busyAnswers ?? 0),
    overlaps: record.overlaps.length,
    lowerBoundMs: Math.max(...lanes.values()),
  };
}

function callsOf(record: RecordSnapshot, isWrite: boolean): number {
  return record.calls
    .filter(({ action }) => action.startsWith('Modify') === isWrite)
    .reduce((sum, { total }) => sum + total, 0);
}
