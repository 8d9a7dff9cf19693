import { readFile } from 'node:fs/promises';
import { systemClock } from './clock.ts';
import type { ApiToken } from './config/api-token.ts';
import { type ChatConfig, chatConfigOf, chatFaults } from './config/chat.ts';
import { type Notify, notifyFaults } from './config/notify.ts';
import {
  type Environment,
  type ReadText,
  type ResolvedEnvironment,
  resolveReferences,
} from './config/references.ts';
import { namesKmsKey, type SecretsKeySource } from './config/secrets-key.ts';
import type { Sinks } from './config/sinks.ts';
import { referencedWhenDeployed, Variables, type VariableValues } from './config/variables.ts';
import { type WakeConfig, wakeConfigOf, wakeFaults } from './config/wake.ts';
import { AppError, type Fault } from './errors.ts';
import { faultsOf, plainMessage } from './http/faults.ts';
import { createLogger, type LogLevel } from './logger.ts';
import type { Secret } from './secret.ts';

/** EX_CONFIG of sysexits.h. */
const configurationExitCode = 78;

/** Credentials of an Alibaba Cloud account. */
export interface CloudCredentials {
  accessKeyId: string;
  accessKeySecret: Secret;
  securityToken: Secret | null;
}

/** The whole configuration, read once at the start. Null means: not given, the host or the runtime provides it. */
export interface Config {
  /** Whether this runs in Function Compute. */
  deployed: boolean;
  host: { address: string; port: number; works: boolean };
  /** `url` null: the embedded database in `dataDir`, or in memory when that is `:memory:`. */
  database: { url: Secret | null; dataDir: string };
  /** Endpoints may hold `{region}`. Null: the simulator. */
  cloud: {
    vpcEndpoint: string | null;
    kmsEndpoint: string | null;
    /** Where KMS is asked for what the service itself needs. Null only when nothing is. */
    regionId: string | null;
    credentials: CloudCredentials | null;
  };
  /** Null: the local host makes an admin token. */
  tokens: readonly ApiToken[] | null;
  /** For each token. */
  requestsPerMinute: number;
  /** Null: the local host makes one. */
  secretsKey: SecretsKeySource | null;
  /** Opens too, while `secretsKey` is being replaced. */
  secondSecretsKey: SecretsKeySource | null;
  /** Where new values are delivered, by the names that plans use. */
  sinks: Sinks;
  /** The chat platforms, and who their users are. */
  chat: ChatConfig;
  /** Who is notified, by name. */
  notify: Notify;
  worker: {
    pollIntervalMs: number;
    concurrency: number;
    leaseSeconds: number;
    writesPerMinute: number;
    readsPerMinute: number;
    budgetSeconds: number;
  };
  wake: WakeConfig;
  /** Where spans go; null: nobody records any. */
  tracing: { endpoint: string; headers: Secret | null } | null;
  logLevel: LogLevel;
}

/** The configuration in Function Compute, where nothing can be made at the first start. */
export interface DeployedConfig extends Config {
  database: { url: Secret; dataDir: string };
  tokens: readonly ApiToken[];
  secretsKey: SecretsKeySource;
}

/** What is needed to reach KMS, as far as the environment has it. */
export type KmsAccess = Pick<Config['cloud'], 'kmsEndpoint' | 'regionId' | 'credentials'>;

/** Makes a reader of KMS secrets by their names; what it rejects with may be told, and is told, unless it is no AppError. */
export type OpenSecrets = (access: KmsAccess) => ReadText;

const AccessKey = Variables.pick({
  ALIBABA_CLOUD_ACCESS_KEY_ID: true,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: true,
  ALIBABA_CLOUD_SECURITY_TOKEN: true,
});

export interface LoadOptions {
  deployed: boolean;
  environment?: Environment;
  readText?: ReadText;
  /** Without it `kms-secret:` references are faults. */
  openSecrets?: OpenSecrets;
}

/**
 * Reads the configuration from the process's environment (or the one given), references resolved.
 * Raises `invalid_configuration` with every fault, each under its variable's name; values are never repeated.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return parseConfig(await resolveEnvironment(options), options);
}

/** The environment as {@link loadConfig} reads it, before it is checked. */
export function resolveEnvironment(options: LoadOptions): Promise<ResolvedEnvironment> {
  const { deployed, environment = process.env, readText = readUtf8, openSecrets } = options;
  return resolveReferences(environment, {
    readFile: readText,
    readSecret: (known) => openSecrets?.(kmsAccessOf(known, deployed)) ?? refuseToRead,
  });
}

/** Whether a configuration that was checked as a deployed one has what only those must have; for the types alone. */
export function isDeployed(config: Config): config is DeployedConfig {
  return (
    config.deployed &&
    config.database.url !== null &&
    config.tokens !== null &&
    config.secretsKey !== null
  );
}

/** Ends the process with code 78 after one line on stderr that names every fault. Any other error is thrown again. */
export function exitOnFaults(error: unknown): never {
  if (!(error instanceof AppError) || error.code !== 'invalid_configuration') throw error;
  const { faults } = error;
  createLogger({ level: 'error', clock: systemClock }).error('configuration has faults', {
    faults,
  });
  process.exit(configurationExitCode);
}

/** The configuration from resolved values. Raises `invalid_configuration` with every fault at once. */
export function parseConfig(
  { values, referenced, faults }: ResolvedEnvironment,
  { deployed }: { deployed: boolean },
): Config {
  const parsed = Variables.safeParse(values, { error: plainMessage });
  const all = [
    ...faults,
    ...(parsed.success ? [] : faultsOf(parsed.error).map(underVariable)),
    ...pairFaults(values, referenced),
    ...regionFaults(values, deployed),
    ...chatFaults((name) => values[name] !== undefined || referenced.has(name), {
      deployed,
      isReferenced: (name) => referenced.has(name),
    }),
    ...wakeFaults(values, { deployed }),
    ...(deployed ? deploymentFaults(values, referenced) : []),
    ...(deployed && parsed.success ? sinkFaults(parsed.data.SINKS ?? {}, referenced) : []),
    ...(parsed.success
      ? notifyFaults(parsed.data.NOTIFY ?? {}, {
          deployed,
          isReferenced: referenced.has('NOTIFY'),
          isGiven: (name) => values[name] !== undefined,
        })
      : []),
  ];
  if (!parsed.success || all.length > 0) throw invalidConfiguration(all);
  return configOf(parsed.data, deployed);
}

/** With what KMS is reached; a value with a fault counts as missing, since its fault is told anyway. */
function kmsAccessOf(values: ResolvedEnvironment['values'], deployed: boolean): KmsAccess {
  const { KMS_ENDPOINT: endpoint, FC_REGION: region } = Variables.shape;
  const key = AccessKey.safeParse(values).data;
  return {
    kmsEndpoint: endpoint.safeParse(values.KMS_ENDPOINT).data ?? endpointOf('kms', deployed),
    regionId: region.safeParse(values.FC_REGION).data ?? null,
    credentials: key ? credentialsOf(key) : null,
  };
}

function refuseToRead(): Promise<string> {
  return Promise.reject(new AppError('unavailable', 'this program does not ask KMS'));
}

function readUtf8(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

function invalidConfiguration(faults: readonly Fault[]): AppError {
  const list = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new AppError('invalid_configuration', list, { faults });
}

function underVariable({ path, message }: Fault): Fault {
  return { path: path.slice(1), message };
}

/** Variables that mean nothing alone. */
function pairFaults(
  values: ResolvedEnvironment['values'],
  referenced: ResolvedEnvironment['referenced'],
): readonly Fault[] {
  const [id, secret, token] = [
    'ALIBABA_CLOUD_ACCESS_KEY_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    'ALIBABA_CLOUD_SECURITY_TOKEN',
  ] as const;
  const has = (name: typeof id | typeof secret | typeof token): boolean =>
    values[name] !== undefined || referenced.has(name);
  const needed = has(id) || has(secret) || has(token);
  return [id, secret]
    .filter((name) => needed && !has(name))
    .map((path) => ({ path, message: `is missing: ${id} and ${secret} are given together` }));
}

function deploymentFaults(
  values: ResolvedEnvironment['values'],
  referenced: ResolvedEnvironment['referenced'],
): readonly Fault[] {
  const isSecret = (name: (typeof referencedWhenDeployed)[number]): boolean =>
    name !== 'SECRETS_KEY' || !namesKmsKey(values[name]);
  const second = 'SECRETS_KEY_SECOND';
  const isSecondInClear = values[second] !== undefined && !namesKmsKey(values[second]);
  return [
    ...referencedWhenDeployed.filter(isSecret),
    ...(isSecondInClear ? ([second] as const) : []),
  ]
    .filter((name) => !referenced.has(name))
    .map((path) => ({
      path,
      message:
        values[path] === undefined
          ? 'is required when deployed'
          : 'must be a reference (file:PATH or kms-secret:NAME) when deployed',
    }));
}

/** A key in KMS is asked for in a region of its own choice only where there is one to choose. */
function regionFaults(values: ResolvedEnvironment['values'], deployed: boolean): readonly Fault[] {
  const needsKms = namesKmsKey(values.SECRETS_KEY) || namesKmsKey(values.SECRETS_KEY_SECOND);
  const hasCloud = deployed || values.KMS_ENDPOINT !== undefined;
  if (!needsKms || !hasCloud || values.FC_REGION !== undefined) return [];
  return [{ path: 'FC_REGION', message: 'is missing: the key in KMS is asked for in this region' }];
}

/** What a deployment's sinks may not be or hold in clear. */
function sinkFaults(sinks: Sinks, referenced: ResolvedEnvironment['referenced']): readonly Fault[] {
  const all = Object.entries(sinks);
  const hasSecret = all.some(([, { type }]) => type === 'webhook');
  const mustRefer = {
    path: 'SINKS',
    message: 'must be a reference when deployed: it holds a secret',
  };
  return [
    ...(hasSecret && !referenced.has('SINKS') ? [mustRefer] : []),
    ...all
      .filter(([, { type }]) => type === 'file')
      .map(([name]) => ({ path: `SINKS/${name}/type`, message: 'must not be file when deployed' })),
  ];
}

function configOf(values: VariableValues, deployed: boolean): Config {
  return {
    deployed,
    host: { address: values.HOST, port: values.PORT, works: values.HOST_WORKER === 'on' },
    database: { url: values.DATABASE_URL ?? null, dataDir: values.DATA_DIR },
    cloud: {
      vpcEndpoint: values.VPC_ENDPOINT ?? endpointOf('vpc', deployed),
      kmsEndpoint: values.KMS_ENDPOINT ?? endpointOf('kms', deployed),
      regionId: values.FC_REGION ?? null,
      credentials: credentialsOf(values),
    },
    tokens: values.API_TOKENS ?? null,
    requestsPerMinute: values.REQUESTS_PER_MINUTE,
    secretsKey: values.SECRETS_KEY ?? null,
    secondSecretsKey: values.SECRETS_KEY_SECOND ?? null,
    sinks: values.SINKS ?? {},
    chat: chatConfigOf(values),
    notify: values.NOTIFY ?? {},
    worker: {
      pollIntervalMs: values.POLL_INTERVAL_MS,
      concurrency: values.WORKER_CONCURRENCY,
      leaseSeconds: values.LEASE_SECONDS,
      writesPerMinute: values.WRITES_PER_MINUTE,
      readsPerMinute: values.READS_PER_MINUTE,
      budgetSeconds: values.WORKER_BUDGET_SECONDS,
    },
    wake: wakeConfigOf(values, { deployed }),
    tracing: tracingOf(values),
    logLevel: values.LOG_LEVEL,
  };
}

function tracingOf(values: VariableValues): Config['tracing'] {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = values;
  return endpoint === undefined ? null : { endpoint, headers: headers ?? null };
}

function endpointOf(product: 'vpc' | 'kms', deployed: boolean): string | null {
  return deployed ? `https://${product}.{region}.aliyuncs.com` : null;
}

type AccessKeyValues = Pick<
  VariableValues,
  'ALIBABA_CLOUD_ACCESS_KEY_ID' | 'ALIBABA_CLOUD_ACCESS_KEY_SECRET' | 'ALIBABA_CLOUD_SECURITY_TOKEN'
>;

function credentialsOf(values: AccessKeyValues): CloudCredentials | null {
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret } = values;
  if (id === undefined || secret === undefined) return null;
  return {
    accessKeyId: id,
    accessKeySecret: secret,
    securityToken: values.ALIBABA_CLOUD_SECURITY_TOKEN ?? null,
  };
}
