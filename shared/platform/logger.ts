import type { Clock } from './clock.ts';
import { AppError } from './errors.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Facts of a log line. Secrets print as `***` by themselves; errors are reduced to name, code and message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes JSON lines: a static message, and the facts in fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

function describeError(error: Error): Record<string, unknown> {
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  if (error instanceof AppError) return { code: error.code, message: error.message, ...cause };
  return { name: error.name, message: error.message, stack: error.stack, ...cause };
}

function presentable(_key: string, value: unknown): unknown {
  return value instanceof Error ? describeError(value) : value;
}

/** A logger that hands finished lines to `write`, by default to stderr. Lines below `level` are dropped. */
export function createLogger(options: {
  level: LogLevel;
  clock: Clock;
  fields?: LogFields;
  write?: (line: string) => void;
}): Logger {
  const {
    level,
    clock,
    fields = {},
    write = (line) => process.stderr.write(`${line}\n`),
  } = options;
  const threshold = logLevels.indexOf(level);
  const log =
    (at: LogLevel) =>
    (message: string, extra: LogFields = {}) => {
      if (logLevels.indexOf(at) < threshold) return;
      const time = new Date(clock.now()).toISOString();
      write(JSON.stringify({ time, level: at, message, ...fields, ...extra }, presentable));
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (more) => createLogger({ ...options, fields: { ...fields, ...more } }),
  };
}
