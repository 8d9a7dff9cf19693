import type { Clock } from '../../shared/platform/clock.ts';
import { createLogger, type Logger } from '../../shared/platform/logger.ts';
import { FakeClock } from './fake-clock.ts';

/** A logger on the finest level that keeps its finished lines. */
export function createRecordingLogger(clock: Clock = new FakeClock()): {
  logger: Logger;
  lines: string[];
} {
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', clock, write: (line) => lines.push(line) });
  return { logger, lines };
}
