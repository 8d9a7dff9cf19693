import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { systemClock } from './clock.ts';
import type { ApiToken } from './config/api-token.ts';
import {
  type Environment,
  type ReadText,
  type ResolvedEnvironment,
  resolveReferences,
} from './config/references.ts';
import { referencedWhenDeployed, Variables } from './config/variables.ts';
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
    credentials: CloudCredentials | null;
  };
  /** Null: the local host makes an admin token. */
  tokens: readonly ApiToken[] | null;
  /** 32 bytes in base64. Null: the local host makes one. */
  secretsKey: Secret | null;
  worker: {
    pollIntervalMs: number;
    concurrency: number;
    leaseSeconds: number;
    writesPerMinute: number;
    readsPerMinute: number;
    budgetSeconds: number;
  };
  wake: { api: 'local' };
  logLevel: LogLevel;
}

/** The configuration in Function Compute, where nothing can be made at the first start. */
export interface DeployedConfig extends Config {
  database: { url: Secret; dataDir: string };
  tokens: readonly ApiToken[];
  secretsKey: Secret;
}

type Values = z.infer<typeof Variables>;

/**
 * Reads the configuration from the process's environment (or the one given), references resolved.
 * Raises `invalid_configuration` with every fault, each under its variable's name; values are never repeated.
 */
export async function loadConfig(options: {
  deployed: boolean;
  environment?: Environment;
  readText?: ReadText;
}): Promise<Config> {
  const { deployed, environment = process.env, readText = readUtf8 } = options;
  return parseConfig(await resolveReferences(environment, readText), { deployed });
}

/** As {@link loadConfig} in Function Compute; faults end the process as {@link exitOnFaults} does. */
export async function loadDeployedConfig(): Promise<DeployedConfig> {
  try {
    const config = await loadConfig({ deployed: true });
    const { database, tokens, secretsKey } = config;
    if (database.url === null || tokens === null || secretsKey === null) {
      throw new AppError('internal', 'a checked configuration lacks what is required');
    }
    return { ...config, database: { ...database, url: database.url }, tokens, secretsKey };
  } catch (error) {
    return exitOnFaults(error);
  }
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
function parseConfig(
  { values, referenced, faults }: ResolvedEnvironment,
  { deployed }: { deployed: boolean },
): Config {
  const parsed = Variables.safeParse(values, { error: plainMessage });
  const all = [
    ...faults,
    ...(parsed.success ? [] : faultsOf(parsed.error).map(underVariable)),
    ...pairFaults(values, referenced),
    ...(deployed ? deploymentFaults(values, referenced) : []),
  ];
  if (!parsed.success || all.length > 0) throw invalidConfiguration(all);
  return configOf(parsed.data, deployed);
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
  return referencedWhenDeployed
    .filter((name) => !referenced.has(name))
    .map((path) => ({
      path,
      message:
        values[path] === undefined
          ? 'is required when deployed'
          : 'must be a reference (file:PATH or kms-secret:NAME) when deployed',
    }));
}

function configOf(values: Values, deployed: boolean): Config {
  return {
    deployed,
    host: { address: values.HOST, port: values.PORT, works: values.HOST_WORKER === 'on' },
    database: { url: values.DATABASE_URL ?? null, dataDir: values.DATA_DIR },
    cloud: {
      vpcEndpoint: values.VPC_ENDPOINT ?? endpointOf('vpc', deployed),
      kmsEndpoint: values.KMS_ENDPOINT ?? endpointOf('kms', deployed),
      credentials: credentialsOf(values),
    },
    tokens: values.API_TOKENS ?? null,
    secretsKey: values.SECRETS_KEY ?? null,
    worker: {
      pollIntervalMs: values.POLL_INTERVAL_MS,
      concurrency: values.WORKER_CONCURRENCY,
      leaseSeconds: values.LEASE_SECONDS,
      writesPerMinute: values.WRITES_PER_MINUTE,
      readsPerMinute: values.READS_PER_MINUTE,
      budgetSeconds: values.WORKER_BUDGET_SECONDS,
    },
    wake: { api: values.FC_API },
    logLevel: values.LOG_LEVEL,
  };
}

function endpointOf(product: 'vpc' | 'kms', deployed: boolean): string | null {
  return deployed ? `https://${product}.{region}.aliyuncs.com` : null;
}

function credentialsOf(values: Values): CloudCredentials | null {
  const { ALIBABA_CLOUD_ACCESS_KEY_ID: id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret } = values;
  if (id === undefined || secret === undefined) return null;
  return {
    accessKeyId: id,
    accessKeySecret: secret,
    securityToken: values.ALIBABA_CLOUD_SECURITY_TOKEN ?? null,
  };
}
