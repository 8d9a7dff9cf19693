import { digestOf } from './canonical.ts';
import type { Clock } from './clock.ts';
import { type Config, type LoadOptions, parseConfig, resolveEnvironment } from './config.ts';
import type { Logger } from './logger.ts';

/** How long a secret that changed where it is kept may go unnoticed, milliseconds. */
const maxAgeMs = 5 * 60_000;

/** A configuration whose references are read again from time to time. */
export interface ConfigSource {
  /**
   * The configuration: the very same object as long as nothing changed, so that what was built from it need be built again
   * only when this is another one. Raises `invalid_configuration` when it has never been right; afterwards a reading
   * that fails is logged, and what was right goes on.
   */
  current(): Promise<Config>;
}

/** Reads the configuration when it is first asked for, and again when it is older than five minutes. */
export function createConfigSource(
  options: LoadOptions,
  { clock, logger }: { clock: Clock; logger: Logger },
): ConfigSource {
  let held: { config: Config; digest: string; readAt: number } | null = null;

  async function read(): Promise<Config> {
    const resolved = await resolveEnvironment(options);
    const digest = digestOf(resolved.values);
    const isSame = held !== null && resolved.faults.length === 0 && held.digest === digest;
    const config = isSame && held ? held.config : parseConfig(resolved, options);
    held = { config, digest, readAt: clock.monotonic() };
    return config;
  }

  return {
    async current() {
      const known = held;
      if (known === null) return read();
      if (clock.monotonic() - known.readAt < maxAgeMs) return known.config;
      // Set before asking: while KMS does not answer, it is asked once in five minutes and not with every request.
      held = { ...known, readAt: clock.monotonic() };
      try {
        return await read();
      } catch (error) {
        logger.warn('the configuration could not be read again and stays as it was', { error });
        return known.config;
      }
    },
  };
}
