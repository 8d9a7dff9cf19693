import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import openApi from '../../docs/openapi.json' with { type: 'json' };
import { createChatopsApp } from '../../functions/chatops/handler.ts';
import { tick } from '../../functions/scheduler/handler.ts';
import { createSubmitApp } from '../../functions/submit/handler.ts';
import type { CredentialsSource } from '../../shared/adapters/aliyun/rpc-client.ts';
import { staticCredentials } from '../../shared/adapters/aliyun/static-credentials.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { createGuard } from '../../shared/auth/guard.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { createDigestKeyLoader } from '../../shared/secret/digest-key.ts';
import { createSealer, type Sealer } from '../../shared/secret/sealer.ts';
import { startSimulatorServer } from '../simulator/server.ts';
import { createSimulator, DEMO_ACCESS_KEY, type SimulatorOptions } from '../simulator/simulator.ts';
import { buildWorker } from '../worker/build-worker.ts';
import { createHintBell, type HintBell } from '../worker/hint-bell.ts';
import { keepWorking } from '../worker/keep-working.ts';
import { loadLocalSecrets } from './local-secrets.ts';
import { openDatabase } from './open-database.ts';

export interface HostOptions {
  config: Config;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** How the built-in simulated cloud behaves, when no other cloud is configured. */
  simulator?: SimulatorOptions;
}

/** All functions in one process. */
export interface Host {
  /** `http://HOST:PORT`. */
  url: string;
  /** The admin token, when this start made it. */
  freshToken: string | null;
  /** Where the simulated cloud listens; null when another cloud is configured. */
  simulatorUrl: string | null;
  /** Stops intake, lets steps in progress finish, closes the database. */
  close(): Promise<void>;
}

interface Cloud {
  endpoint: string;
  credentials: CredentialsSource;
  simulatorUrl: string | null;
  close(): Promise<void>;
}

const tickMs = 60_000;
const demoKey = {
  accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
  accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
  securityToken: null,
};

/** Starts the local host. Raises `invalid_configuration`, `database_locked`, `unavailable`. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { config, clock, random, logger } = options;
  const { secretsKey, tokens, freshToken } = await loadLocalSecrets({
    dataDir: config.database.dataDir,
    random,
    given: config,
  });
  const sealer = createSealer(secretsKey, random);
  const database = await openDatabase({ database: config.database, clock, logger });
  const cloud = await connectCloud(config, options.simulator);
  const bell = createHintBell();
  const stop = new AbortController();
  const parts = { ...options, sealer, database, cloud, bell, stop: stop.signal };
  const working = [tickEachMinute(parts), ...(config.host.works ? [work(parts)] : [])];
  const server = createServer(listenerOf({ ...parts, tokens }));
  const url = await listen(server, config.host);
  return {
    url,
    freshToken,
    simulatorUrl: cloud.simulatorUrl,
    async close() {
      await closeServer(server);
      stop.abort();
      await Promise.all(working);
      await cloud.close();
      await database.close();
    },
  };
}

interface Parts extends HostOptions {
  sealer: Sealer;
  database: Database;
  cloud: Cloud;
  bell: HintBell;
  stop: AbortSignal;
}

async function connectCloud(config: Config, simulated: SimulatorOptions = {}): Promise<Cloud> {
  const { vpcEndpoint, credentials } = config.cloud;
  if (vpcEndpoint !== null && credentials !== null) {
    const source = staticCredentials(credentials);
    return {
      endpoint: vpcEndpoint,
      credentials: source,
      simulatorUrl: null,
      close: async () => {},
    };
  }
  const server = await startSimulatorServer(createSimulator(simulated));
  return {
    endpoint: vpcEndpoint ?? server.url,
    credentials: staticCredentials(demoKey),
    simulatorUrl: server.url,
    close: () => server.close(),
  };
}

function listenerOf(
  parts: Parts & { tokens: Parameters<typeof createGuard>[0] },
): ReturnType<typeof getRequestListener> {
  const { clock, random, logger, sealer, database, bell } = parts;
  const keyring = createPgKeyringStore(database);
  const api = createSubmitApp({
    clock,
    random,
    logger,
    sealer,
    openApi,
    digestKey: createDigestKeyLoader({ keyring, sealer, random }),
    guard: createGuard(parts.tokens),
    ids: createIds(clock, random),
    jobs: createPgJobStore(database),
    waker: bell,
  });
  const chat = createChatopsApp({ logger, random });
  return getRequestListener((request) => {
    const isChat = new URL(request.url).pathname.startsWith('/v1/chatops/');
    return (isChat ? chat : api).fetch(request);
  });
}

async function work({ config, cloud, database, bell, stop, ...rest }: Parts): Promise<void> {
  const keyring = createPgKeyringStore(database);
  const digestKey = await createDigestKeyLoader({ keyring, ...rest })();
  const { deps, close } = buildWorker({
    ...rest,
    settings: config.worker,
    database,
    cloud,
    digestKey,
    waker: bell,
    onHint: (signal) => bell.heard(signal),
  });
  await keepWorking(deps, stop);
  close();
}

async function tickEachMinute({ database, bell, clock, logger, stop }: Parts): Promise<void> {
  const lanes = createPgLaneStore(database);
  while (!stop.aborted) {
    try {
      await tick({ lanes, waker: bell, logger });
    } catch (error) {
      logger.warn('tick failed, the next one makes it up', { error });
    }
    await clock.sleep(tickMs, stop);
  }
}

function listen(server: Server, { address, port }: Config['host']): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      const bound = server.address();
      const chosen = typeof bound === 'object' && bound !== null ? bound.port : port;
      resolve(`http://${address.includes(':') ? `[${address}]` : address}:${chosen}`);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
