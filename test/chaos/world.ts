import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../local/host/open-database.ts';
import { generateInventory } from '../../local/simulator/inventory.ts';
import { createRandom } from '../../local/simulator/random.ts';
import type { RecordSnapshot } from '../../local/simulator/record.ts';
import type { Inventory } from '../../local/simulator/shapes.ts';
import { DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';
import { type Database, endsSession, type Query } from '../../shared/adapters/postgres/database.ts';
import { openPgDatabase } from '../../shared/adapters/postgres/pg-database.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { type BreakableProxy, startBreakableProxy } from '../helpers/breakable-proxy.ts';
import { startPostgres } from '../helpers/postgres-server.ts';
import { spawnProgram } from '../helpers/programs.ts';
import { bundleWorker } from './bundle-worker.ts';
import { type Herd, startHerd } from './herd.ts';
import { type Intake, openIntake } from './intake.ts';
import type { KeyHolders } from './judge.ts';
import { keysShownBy, valuesShownBy } from './shown.ts';
import { type Weather, weatherOver } from './weather.ts';

/** Everything a run stands on. */
export interface World {
  inventory: Inventory;
  /** Ends the database at once and lets it recover; one after the other when several ask. */
  crashDatabase(againAfterMs: number | null): Promise<void>;
  /** Asks the database beside all weather, as often as it takes. */
  ask: Query;
  herd: Herd;
  intake: Intake;
  weather: { cloud: Weather; database: Weather };
  /** Somebody at the console keeps the scope of a connection busy, changing nothing; false when it is busy already. */
  occupy(connection: { regionId: string; id: string }, settleMs: number): Promise<boolean>;
  record(): Promise<RecordSnapshot>;
  /** What the cloud shows of every connection in the field that plans set. */
  shown(): Promise<ReadonlyMap<string, number>>;
  /** Who has the keys that the cloud shows. */
  keys(): Promise<readonly KeyHolders[]>;
  close(): Promise<void>;
}

const fleet = {
  gateways: 8,
  connectionsPerGateway: 4,
  attachments: 16,
  unattached: 0,
  dualTunnelShare: 0.25,
};
/** Logs tell seconds: a negotiation has to be that much later than the request that it proves. */
const handshakeMs = 2_500;
const leaseSeconds = 2;
const pauseMs = 200;
const logger = createLogger({ level: 'silent', clock });

/** Slow answers outlast a lease, so that writes are under way when it ends. */
const faults = {
  writes: {
    lostAfterApply: 0.04,
    droppedBefore: 0.04,
    error500Applied: 0.03,
    error500NotApplied: 0.04,
    html502Applied: 0.02,
    truncated: 0.02,
    spuriousBusy: 0.08,
    slow: { rate: 0.08, ms: 3_000 },
  },
  reads: { droppedBefore: 0.01, error500NotApplied: 0.01, slow: { rate: 0.04, ms: 1_500 } },
};

async function startCloud(seed: number): Promise<{ url: string; end(): Promise<unknown> }> {
  const simulator = {
    seed,
    faults,
    admin: true,
    settleMs: { min: 200, max: 900 },
    lateMs: { min: 0, max: 300 },
    latencyMs: 20,
    handshakeMs,
  };
  const cloud = spawnProgram('bench/processes/cloud.ts', {
    CLOUD: JSON.stringify({ inventory: { ...fleet, seed }, simulator }),
  });
  const [, url = ''] = await cloud.printed(/^listening on (\S+)$/m);
  return { url, end: () => cloud.end('SIGTERM') };
}

/** Runs a statement again and again while the server is away. Statements that change something are not for this. */
function patient(database: Database): Query {
  return async (text, values) => {
    for (;;) {
      try {
        return await database.query(text, values);
      } catch (error) {
        const isAway = error instanceof AppError && error.code === 'unavailable';
        if (!isAway && !endsSession(error)) throw error;
        await clock.sleep(pauseMs);
      }
    }
  };
}

/**
 * Weather over cloud and database. Replies of the cloud stay away longer than a write's timeout, and requests arrive later
 * than the lease of whoever sent them.
 */
function weatherIn(
  seed: number,
  cloud: BreakableProxy,
  database: BreakableProxy,
): World['weather'] {
  const now = (): number => clock.monotonic();
  return {
    cloud: weatherOver(cloud, {
      now,
      seed: seed + 1,
      share: 0.3,
      latencyMs: 40,
      lateMs: { min: 500, max: 5_000 },
      muteMs: { min: 2_000, max: 17_000 },
    }),
    database: weatherOver(database, {
      now,
      seed: seed + 2,
      share: 0.1,
      latencyMs: 4,
      lateMs: { min: 300, max: 2_500 },
      muteMs: { min: 500, max: 4_000 },
    }),
  };
}

/** Starts database, cloud, the networks in front of them, and the workers. */
export async function openWorld(options: {
  seed: number;
  workers: number;
  rotates: boolean;
}): Promise<World> {
  const { seed } = options;
  const folder = await mkdtemp(join(tmpdir(), 'lanekeeper-chaos-'));
  const secretsKey = randomBytes(32).toString('base64');
  const [server, cloud, worker] = await Promise.all([
    startPostgres({ isDurable: true }),
    startCloud(seed),
    bundleWorker(),
  ]);
  const inventory = generateInventory({ ...fleet, seed });
  const beside = await openDatabase({
    database: { url: new Secret(server.url), dataDir: folder },
    clock,
    logger,
  });
  const proxies = {
    cloud: await startBreakableProxy(cloud.url),
    database: await startBreakableProxy(server.url),
  };
  const behind = await openPgDatabase({ url: proxies.database.url, logger, maxConnections: 4 });
  const ask = patient(beside);
  let crashing = Promise.resolve();
  const herd = await startHerd({
    size: options.workers,
    entry: worker.path,
    ask,
    clock,
    random: createRandom(seed + 3),
    environment: {
      DATABASE_URL: proxies.database.url,
      VPC_ENDPOINT: proxies.cloud.url.replace(/\/$/, ''),
      KMS_ENDPOINT: proxies.cloud.url.replace(/\/$/, ''),
      SINKS: JSON.stringify({ kms: { type: 'kms' } }),
      ALIBABA_CLOUD_ACCESS_KEY_ID: DEMO_ACCESS_KEY.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: DEMO_ACCESS_KEY.accessKeySecret,
      SECRETS_KEY: secretsKey,
      DATA_DIR: folder,
      LEASE_SECONDS: String(leaseSeconds),
      POLL_INTERVAL_MS: '150',
      WRITES_PER_MINUTE: '600000',
      READS_PER_MINUTE: '600000',
      LOG_LEVEL: 'warn',
    },
  });
  return {
    inventory,
    crashDatabase(againAfterMs) {
      crashing = crashing.then(() => server.crash({ againAfterMs }));
      return crashing;
    },
    ask,
    herd,
    intake: openIntake(behind, {
      secretsKey,
      clock,
      random: createRandom(seed + 4),
      logger,
      rotates: options.rotates,
    }),
    weather: weatherIn(seed, proxies.cloud, proxies.database),
    async occupy({ regionId, id }, settleMs) {
      const body = JSON.stringify({ regionId, vpnConnectionId: id, changes: {}, settleMs });
      return (await fetch(`${cloud.url}/_simulator/tamper`, { method: 'POST', body })).ok;
    },
    async record() {
      const response = await fetch(`${cloud.url}/_simulator/record`);
      const record: RecordSnapshot = JSON.parse(await response.text());
      return record;
    },
    shown: () => valuesShownBy(cloud.url, inventory),
    keys: () => keysShownBy(cloud.url, inventory),
    async close() {
      await herd.killAll();
      await worker.remove();
      await Promise.all([behind.close(), beside.close()]);
      await Promise.all([proxies.cloud.close(), proxies.database.close(), cloud.end()]);
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
