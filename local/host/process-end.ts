import { exitOnFaults } from '../../shared/platform/config.ts';
import { AppError } from '../../shared/platform/errors.ts';
import type { Logger } from '../../shared/platform/logger.ts';

/** Exit code for a start or an end that went wrong for a reason that was told. */
const failed = 1;

/**
 * Waits for SIGTERM or SIGINT, then closes and ends the process: 0 when everything was closed, 1 when it was not.
 * A second signal ends it at once; what was in flight is found again in the database at the next start.
 */
export function closeOnSignals(close: () => Promise<void>, logger: Logger): void {
  let isClosing = false;
  const end = async (): Promise<never> => {
    try {
      await close();
      return process.exit(0);
    } catch (error) {
      logger.error('could not be closed in order', { error });
      return process.exit(failed);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isClosing) process.exit(failed);
      isClosing = true;
      void end();
    });
  }
}

/**
 * Ends a process whose start failed: a known reason in one line on stderr, faults of the configuration with the exit code
 * they have everywhere.
 */
export function giveUp(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  if (error.faults.length > 0) exitOnFaults(error);
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exit(failed);
}
