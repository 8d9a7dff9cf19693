import { systemClock as clock } from '../../shared/platform/clock.ts';
import { exitOnFaults, loadConfig } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { type Host, startHost } from './host.ts';

/** Exit code for a start that failed for a reason the message names. */
const startFailed = 1;

async function main(): Promise<void> {
  const config = await loadConfig({ deployed: false }).catch(exitOnFaults);
  const logger = createLogger({ level: config.logLevel, clock });
  const host = await startHost({ config, clock, random, logger });
  announce(host);
  let isClosing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isClosing) return;
      isClosing = true;
      host.close().then(
        () => process.exit(0),
        () => process.exit(startFailed),
      );
    });
  }
}

function announce({ url, freshToken, simulatorUrl }: Host): void {
  console.log(`listening on ${url}`);
  if (simulatorUrl)
    console.log(`simulated cloud on ${simulatorUrl} (set VPC_ENDPOINT for another)`);
  if (freshToken) console.log(`admin token, shown only now: ${freshToken}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof AppError ? `${error.code}: ${error.message}` : error);
  process.exit(startFailed);
});
