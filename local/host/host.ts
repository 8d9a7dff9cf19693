import { getRequestListener } from '@hono/node-server';
import openApi from '../../docs/openapi.json' with { type: 'json' };
import { createChatopsApp } from '../../functions/chatops/handler.ts';
import { openChats } from '../../functions/chatops/open-chats.ts';
import { tick } from '../../functions/scheduler/handler.ts';
import { createSubmitApp } from '../../functions/submit/handler.ts';
import { listenFor } from '../../functions/worker/open-notices.ts';
import { createAliyunVpnApi } from '../../shared/adapters/aliyun/vpn-api.ts';
import { openTracer } from '../../shared/adapters/otel/open-tracer.ts';
import { createPgAcknowledgements } from '../../shared/adapters/postgres/acknowledgements.ts';
import { createPgApiBudget } from '../../shared/adapters/postgres/api-budget.ts';
import { createPgApprovalStore } from '../../shared/adapters/postgres/approval-store.ts';
import { createPgChangeVerbs } from '../../shared/adapters/postgres/change-verbs.ts';
import type { Database } from '../../shared/adapters/postgres/database.ts';
import {
  createPgFleetStore,
  createPgTallyStore,
} from '../../shared/adapters/postgres/fleet-store.ts';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import { createPgInventoryStore } from '../../shared/adapters/postgres/inventory-store.ts';
import { createPgJobStore } from '../../shared/adapters/postgres/job-store.ts';
import { createPgJobVerbs } from '../../shared/adapters/postgres/job-verbs.ts';
import { createPgJournalStore } from '../../shared/adapters/postgres/journal-store.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgLaneStore } from '../../shared/adapters/postgres/lane-store.ts';
import { openGate } from '../../shared/adapters/postgres/open-gate.ts';
import { createPgPreviewStore } from '../../shared/adapters/postgres/preview-store.ts';
import { createPgScheduleStore } from '../../shared/adapters/postgres/schedule-store.ts';
import type { VpnApi } from '../../shared/connection/vpn-api.ts';
import { countCalls } from '../../shared/metrics/counted-vpn-api.ts';
import { createTally } from '../../shared/metrics/tally.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import type { Config } from '../../shared/platform/config.ts';
import { createIds } from '../../shared/platform/id.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import type { Tracer } from '../../shared/platform/tracing.ts';
import { createInventoryApi, previewPart } from '../../shared/preview/inventory-api.ts';
import type { Sealer } from '../../shared/secret/sealer.ts';
import type { SimulatorOptions } from '../simulator/simulator.ts';
import { buildWorker } from '../worker/build-worker.ts';
import { createHintBell, type HintBell } from '../worker/hint-bell.ts';
import { keepWorking } from '../worker/keep-working.ts';
import { type Cloud, configuredCloud, simulatedCloud } from './cloud.ts';
import { type HttpServer, openHttpServer } from './http-server.ts';
import { openKeyWrapper } from './kms.ts';
import { type LocalSecrets, loadLocalSecrets, openSecrets } from './local-secrets.ts';
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
  /** Stops intake, lets steps in progress finish, closes the database. The second call waits for the first. */
  close(): Promise<void>;
}

interface Parts extends HostOptions {
  database: Database;
  server: HttpServer;
  cloud: Cloud;
  secrets: LocalSecrets;
  sealer: Sealer;
  digestKey: Buffer;
  bell: HintBell;
  tracer: Tracer;
  /** The cloud as previews read it; the worker has a client of its own. */
  vpnApi: VpnApi;
}

const tickMs = 60_000;

/**
 * Starts the local host. Raises `invalid_configuration`, `database_locked`, `unavailable`; what it had opened by then is
 * closed again.
 */
export async function startHost(options: HostOptions): Promise<Host> {
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const parts = await openParts(options, (close) => opened.push(close));
    return serve(parts, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * Opens everything in the order in which a failure leaves nothing behind: what the configuration lacks, then the database
 * and its lock, then the port, and only then the token, which is shown in this start or never.
 */
async function openParts(
  options: HostOptions,
  onClose: (close: () => Promise<void>) => void,
): Promise<Parts> {
  const { config, clock, random, logger } = options;
  const configured = configuredCloud(config);
  const database = await openDatabase({ database: config.database, clock, logger });
  onClose(() => database.close());
  const server = await openHttpServer(config.host, clock);
  onClose(() => server.close());
  const cloud = configured ?? (await simulatedCloud(options.simulator ?? {}, options));
  onClose(() => cloud.close());
  const vpnApi = createAliyunVpnApi({ ...cloud, clock, logger });
  onClose(async () => vpnApi.close());
  const secrets = await loadLocalSecrets({
    dataDir: config.database.dataDir,
    random,
    given: config,
  });
  const keyring = createPgKeyringStore(database);
  const wrapper = openKeyWrapper({ cloud, config, clock, logger });
  onClose(async () => wrapper.close());
  const keys = { ...secrets, secondSecretsKey: config.secondSecretsKey };
  const opened = await openSecrets(keys, { keyring, wrapper, random });
  const bell = createHintBell();
  const tracer = await openTracer(config.tracing, { function: 'host', clock });
  onClose(() => tracer.flush());
  return { ...options, ...opened, database, server, cloud, secrets, vpnApi, bell, tracer };
}

function serve(parts: Parts, closeAll: () => Promise<void>): Host {
  const { server, cloud, secrets, config } = parts;
  const stop = new AbortController();
  const working = [
    tickEachMinute(parts, stop.signal),
    ...(config.host.works ? [work(parts, stop.signal)] : []),
  ];
  server.serve(listenerOf(parts));
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // Both at once: a client that is slow to take its answer must not keep the worker going.
    stop.abort();
    await Promise.all([server.close(), ...working]);
    await closeAll();
  };
  return {
    url: server.url,
    freshToken: secrets.freshToken,
    simulatorUrl: cloud.simulatorUrl,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function listenerOf(parts: Parts): ReturnType<typeof getRequestListener> {
  const { config, clock, random, logger, sealer, digestKey, database, bell, secrets } = parts;
  const limits = config.worker;
  const budget = createPgApiBudget(database, { account: 'default', limits, part: previewPart });
  const tally = createTally({ store: createPgTallyStore(database), logger });
  const api = createSubmitApp({
    clock,
    random,
    logger,
    sealer,
    openApi,
    digestKey: () => Promise.resolve(digestKey),
    fleet: createPgFleetStore(database, limits),
    ...openGate(database, { ...config, tokens: secrets.tokens }),
    ids: createIds(clock, random),
    jobs: createPgJobStore(database),
    journal: createPgJournalStore(database),
    keyring: createPgKeyringStore(database),
    previews: createPgPreviewStore(database),
    schedules: createPgScheduleStore(database),
    sinkNames: new Set(Object.keys(config.sinks)),
    verbs: createPgJobVerbs(database),
    changeVerbs: createPgChangeVerbs(database),
    approvals: createPgApprovalStore(database),
    acknowledgements: createPgAcknowledgements(database),
    freezes: createPgFreezeStore(database),
    lanes: createPgLaneStore(database),
    inventory: createPgInventoryStore(database),
    inventoryApi: createInventoryApi({ api: countCalls(parts.vpnApi, tally), budget, clock }),
    limits,
    tally,
    tracer: parts.tracer,
    waker: bell,
  });
  const chatParts = { ...parts, digestKey: async () => digestKey, waker: bell };
  const chat = createChatopsApp({ logger, random }, openChats(chatParts, config));
  return getRequestListener((request, { incoming }) => {
    const isChat = new URL(request.url).pathname.startsWith('/v1/chatops/');
    return (isChat ? chat : api).fetch(request, { address: incoming.socket.remoteAddress ?? null });
  });
}

async function work({ config, bell, ...parts }: Parts, stop: AbortSignal): Promise<void> {
  await listenFor(parts.database, config.notify);
  const { deps, close } = buildWorker({
    notifying: config,
    ...parts,
    settings: config.worker,
    sinks: config.sinks,
    waker: bell,
    onHint: (signal) => bell.heard(signal),
  });
  await keepWorking(deps, stop);
  close();
}

async function tickEachMinute(
  { config, database, bell, clock, random, logger, sealer, digestKey }: Parts,
  stop: AbortSignal,
): Promise<void> {
  const deps = {
    clock,
    logger,
    sealer,
    digestKey: () => Promise.resolve(digestKey),
    ids: createIds(clock, random),
    lanes: createPgLaneStore(database),
    schedules: createPgScheduleStore(database),
    sinkNames: new Set(Object.keys(config.sinks)),
    waker: bell,
  };
  while (!stop.aborted) {
    try {
      await tick(deps, String(clock.now()));
    } catch (error) {
      logger.warn('tick failed, the next one makes it up', { error });
    }
    await clock.sleep(tickMs, stop);
  }
}
