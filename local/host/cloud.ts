import type { CredentialsSource } from '../../shared/adapters/aliyun/rpc-client.ts';
import { staticCredentials } from '../../shared/adapters/aliyun/static-credentials.ts';
import type { Config } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { Logger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { startSimulatorServer } from '../simulator/server.ts';
import { createSimulator, DEMO_ACCESS_KEY, type SimulatorOptions } from '../simulator/simulator.ts';
import { createLastingSimulator } from './cloud-memory.ts';

/** The cloud that the host works on: the configured one, or a simulated one of its own. */
export interface Cloud {
  endpoint: string;
  /** Null: there is no KMS. */
  kmsEndpoint: string | null;
  credentials: CredentialsSource;
  /** Where the simulated cloud listens; null when another cloud is configured. */
  simulatorUrl: string | null;
  close(): Promise<void>;
}

const demoKey = {
  accessKeyId: DEMO_ACCESS_KEY.accessKeyId,
  accessKeySecret: new Secret(DEMO_ACCESS_KEY.accessKeySecret),
  securityToken: null,
};

/** The cloud of `VPC_ENDPOINT`, or null where the simulator stands in. Raises `invalid_configuration` when keys are missing. */
export function configuredCloud({ cloud }: Pick<Config, 'cloud'>): Cloud | null {
  const { vpcEndpoint, credentials } = cloud;
  if (vpcEndpoint === null) return null;
  if (credentials === null) {
    const message = 'is missing: VPC_ENDPOINT names a cloud, which wants an access key';
    const faults = ['ALIBABA_CLOUD_ACCESS_KEY_ID', 'ALIBABA_CLOUD_ACCESS_KEY_SECRET'].map(
      (path) => ({ path, message }),
    );
    throw new AppError('invalid_configuration', 'VPC_ENDPOINT is set without an access key', {
      faults,
    });
  }
  return {
    endpoint: vpcEndpoint,
    kmsEndpoint: cloud.kmsEndpoint,
    credentials: staticCredentials(credentials),
    simulatorUrl: null,
    close: () => Promise.resolve(),
  };
}

/** A simulated cloud of this process, on a loopback port; with a `dataDir` it stays as it is from start to start. */
export async function simulatedCloud(
  options: SimulatorOptions,
  deps: { config: Config; random: Random; logger: Logger },
): Promise<Cloud> {
  const { config, logger } = deps;
  if (config.cloud.credentials !== null) {
    logger.warn('the access key is not used: without VPC_ENDPOINT the cloud is a simulated one');
  }
  const { url, dataDir } = config.database;
  // A database that ends with the process, or that others use too, must not meet a cloud of another age.
  const isLasting = url === null && dataDir !== ':memory:';
  const simulator = isLasting
    ? await createLastingSimulator(options, { ...deps, dataDir })
    : createSimulator(options);
  const server = await startSimulatorServer(simulator);
  return {
    endpoint: server.url,
    kmsEndpoint: server.url,
    credentials: staticCredentials(demoKey),
    simulatorUrl: server.url,
    close: () => server.close(),
  };
}
