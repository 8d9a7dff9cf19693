import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { staticCredentials } from '../../shared/adapters/aliyun/static-credentials.ts';
import { createPgKeyringStore } from '../../shared/adapters/postgres/keyring-store.ts';
import { createPgSealedStore } from '../../shared/adapters/postgres/sealed-store.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { type Config, loadConfig } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { openSealer } from '../../shared/secret/open-sealer.ts';
import { type RewrapReport, rewrap } from '../../shared/secret/rewrap.ts';
import { openKeyWrapper } from '../host/kms.ts';
import { loadSecretsKey } from '../host/local-secrets.ts';
import { openDatabase } from '../host/open-database.ts';
import { giveUp } from '../host/process-end.ts';

/** Exit code when something is left that neither key opens. */
const failed = 1;

/** The key that goes. Raises `invalid_configuration` when there is none: then there is nothing to do. */
function requireSecondKey({ secondSecretsKey }: Config): NonNullable<Config['secondSecretsKey']> {
  if (secondSecretsKey !== null) return secondSecretsKey;
  const path = 'SECRETS_KEY_SECOND';
  const message = 'is missing: it is the key under which secrets are sealed so far';
  const faults = [{ path, message }];
  throw new AppError('invalid_configuration', `${path} ${message}`, { faults });
}

/** Seals everything in the database of the configuration anew, from `SECRETS_KEY_SECOND` to `SECRETS_KEY`. */
async function main(): Promise<void> {
  const config = await loadConfig({ deployed: false, openSecrets: openKmsSecrets({ clock }) });
  const secondSecretsKey = requireSecondKey(config);
  const logger = createLogger({ level: config.logLevel, clock });
  const { dataDir } = config.database;
  const secretsKey = await loadSecretsKey({ dataDir, random, given: config });
  const { kmsEndpoint, credentials: key } = config.cloud;
  const credentials = key === null ? noAccessKey : staticCredentials(key);
  const wrapper = openKeyWrapper({ cloud: { kmsEndpoint, credentials }, config, clock, logger });
  const database = await openDatabase({ database: config.database, clock, logger });
  try {
    const keyring = createPgKeyringStore(database);
    const sealer = await openSealer({ secretsKey, secondSecretsKey }, { keyring, wrapper, random });
    const store = createPgSealedStore(database);
    tell(await rewrap({ store, sealer, clock, onProgress }));
  } finally {
    wrapper.close();
    await database.close();
  }
}

function noAccessKey(): Promise<never> {
  return Promise.reject(new AppError('unavailable', 'there is no access key for KMS'));
}

function onProgress({ rewrapped, waitingFor }: { rewrapped: number; waitingFor: number }): void {
  if (waitingFor === 0) return;
  console.log(`${rewrapped} rewrapped, waiting for ${waitingFor} changes under way`);
}

function tell({ rewrapped, unopened }: RewrapReport): void {
  console.log(`${rewrapped} rewrapped; nothing is sealed with the former key any more`);
  if (unopened === 0) return;
  console.log(`${unopened} rows open with neither key and stay as they are`);
  process.exitCode = failed;
}

main().catch(giveUp);
