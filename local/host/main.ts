import { openKmsSecrets } from '../../shared/adapters/aliyun/kms-secret-reader.ts';
import { systemClock as clock } from '../../shared/platform/clock.ts';
import { loadConfig } from '../../shared/platform/config.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { type Host, startHost } from './host.ts';
import { closeOnSignals, giveUp } from './process-end.ts';

async function main(): Promise<void> {
  const config = await loadConfig({
    deployed: false,
    openSecrets: openKmsSecrets({ clock }),
  });
  const logger = createLogger({ level: config.logLevel, clock });
  const host = await startHost({ config, clock, random, logger });
  announce(host);
  closeOnSignals(() => host.close(), logger);
}

function announce({ url, freshToken, simulatorUrl }: Host): void {
  console.log(`listening on ${url}`);
  if (simulatorUrl)
    console.log(`simulated cloud on ${simulatorUrl} (set VPC_ENDPOINT for another)`);
  if (freshToken) console.log(`admin token, shown only now: ${freshToken}`);
}

main().catch(giveUp);
