import { type Clock, systemClock } from '../../platform/clock.ts';
import { type DeployedConfig, isDeployed, type OpenSecrets } from '../../platform/config.ts';
import { type ConfigSource, createConfigSource } from '../../platform/config-source.ts';
import { AppError, toAppError } from '../../platform/errors.ts';
import { createLogger, type Logger, type LogLevel } from '../../platform/logger.ts';
import { type Invocation, invocationOf, type RoleCredentials } from './invocation.ts';
import { createRoleCredentials } from './role-credentials.ts';

/** What a function is opened with. */
export interface Opening {
  config: DeployedConfig;
  logger: Logger;
  /** The role's, of the invocation under way. */
  credentials: () => Promise<RoleCredentials>;
  /** What was opened is closed in reverse order, when the instance ends and when opening fails. */
  onClose(close: () => Promise<void> | void): void;
}

/** Wires a function's adapters; called once for an instance, again when it failed or a secret of the configuration changed. */
export type Open<Service> = (opening: Opening) => Promise<Service>;

/** What a function is made of. */
export interface FunctionParts<Service> {
  open: Open<Service>;
  /** Reads the secrets that the configuration names, with the role's credentials. */
  secrets: (credentials: Opening['credentials']) => OpenSecrets;
}

/** What surrounds an instance; the real thing everywhere but in tests. */
export interface Surroundings {
  openConfig: (openSecrets: OpenSecrets, deps: { clock: Clock; logger: Logger }) => ConfigSource;
  clock: Clock;
  write?: (line: string) => void;
}

/** One instance of a function: frozen between invocations, and ended at some time. */
export interface Instance<Service> {
  /** Does the work of an invocation with the credentials of its context. */
  during<Result>(
    context: unknown,
    work: (invocation: Invocation) => Promise<Result>,
  ): Promise<Result>;
  /** What was opened, opened now if need be. Raises `unavailable`; why is told in the log, once for each reason. */
  ready(): Promise<Service>;
  logger(): Logger;
  /** Aborts when the instance is about to end. */
  stop: AbortSignal;
  /** Waits for invocations under way and closes what was opened. */
  close(): Promise<void>;
}

/** How long a failed opening stands; an instance that cannot start must not spend its calls on trying. */
const retryAfterMs = 5_000;

const real: Surroundings = {
  openConfig: (openSecrets, deps) => createConfigSource({ deployed: true, openSecrets }, deps),
  clock: systemClock,
};

/** An instance of the named function. Nothing is read or opened before the first invocation. */
export function createInstance<Service>(
  name: string,
  { open, secrets }: FunctionParts<Service>,
  surroundings: Surroundings = real,
): Instance<Service> {
  const { openConfig, clock, write } = surroundings;
  const credentials = createRoleCredentials();
  const stopping = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  const loggerAt = (level: LogLevel): Logger =>
    createLogger({ level, clock, fields: { function: name }, ...(write ? { write } : {}) });
  let logger = loggerAt('info');
  let told = '';

  function tell(error: AppError): void {
    if (error.message === told) return;
    told = error.message;
    const { faults } = error;
    if (faults.length > 0) logger.error('configuration has faults', { faults });
    else logger.error('function cannot start', { err: error });
  }

  const current = (): Promise<RoleCredentials> => credentials.current();
  const configs = openConfig(secrets(current), { clock, logger });
  const opened = createReopener<DeployedConfig, Service>({
    open: (config, onClose) => {
      logger = loggerAt(config.logLevel);
      return open({ config, logger, credentials: current, onClose });
    },
    // Whoever still works with what was opened before may end that.
    settled: () => Promise.allSettled([...underWay]),
  });
  const attempt = spaced(
    async () => {
      const config = await configs.current();
      if (!isDeployed(config))
        throw new AppError('internal', 'a deployed configuration lacks what is required');
      return opened.with(config);
    },
    { clock, tell },
  );

  return {
    logger: () => logger,
    stop: stopping.signal,
    ready: attempt,
    during(context, work) {
      const invocation = invocationOf(context);
      const working = credentials.during(invocation.credentials, () => work(invocation));
      underWay.add(working);
      const done = (): boolean => underWay.delete(working);
      working.then(done, done);
      return working;
    },
    async close() {
      stopping.abort();
      await Promise.allSettled(underWay);
      await opened.close();
    },
  };
}

/** What is open for a configuration: opened once for all who ask with it, again when they ask with another one. */
function createReopener<Settings extends object, Service>(parts: {
  open: (settings: Settings, onClose: Opening['onClose']) => Promise<Service>;
  settled: () => Promise<unknown>;
}): { with(settings: Settings): Promise<Service>; close(): Promise<void> } {
  let held: { settings: Settings; service: Promise<Service>; close: () => Promise<void> } | null =
    null;
  return {
    with(settings) {
      if (held?.settings === settings) return held.service;
      const before = held;
      const { open, close } = createOpener<Service>((onClose) => parts.open(settings, onClose));
      const service = open();
      held = { settings, service, close };
      const mine = held;
      service.then(
        () => before && void parts.settled().then(before.close),
        () => {
          // What was right before goes on until it is asked for again.
          if (held === mine) held = before;
        },
      );
      return service;
    },
    async close() {
      await held?.close();
    },
  };
}

/** Opens, and closes in reverse order what was opened: at the end, or at once when the rest cannot be opened. */
function createOpener<Service>(work: (onClose: Opening['onClose']) => Promise<Service>): {
  open: () => Promise<Service>;
  close: () => Promise<void>;
} {
  const closers: (() => Promise<void> | void)[] = [];
  async function close(): Promise<void> {
    for (const closer of closers.splice(0).reverse()) await closer();
  }
  return {
    close,
    async open() {
      try {
        return await work((closer) => closers.push(closer));
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

/** Asks once for everybody who asks meanwhile; after a failure not at once again. */
function spaced<Service>(
  ask: () => Promise<Service>,
  { clock, tell }: { clock: Clock; tell: (error: AppError) => void },
): () => Promise<Service> {
  let failedAt: number | null = null;
  let asking: Promise<Service> | null = null;
  const cannotStart = (): AppError =>
    new AppError('unavailable', 'the function cannot start; its log says why', {
      retryAfterSeconds: retryAfterMs / 1_000,
    });
  async function askNow(): Promise<Service> {
    try {
      const service = await ask();
      failedAt = null;
      return service;
    } catch (error) {
      failedAt = clock.monotonic();
      tell(toAppError(error));
      throw cannotStart();
    } finally {
      asking = null;
    }
  }
  return async () => {
    if (failedAt !== null && clock.monotonic() - failedAt < retryAfterMs) throw cannotStart();
    asking ??= askNow();
    return asking;
  };
}
