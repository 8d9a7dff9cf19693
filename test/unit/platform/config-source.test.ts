import { describe, expect, it } from 'vitest';
import { createConfigSource } from '../../../shared/platform/config-source.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';

const fiveMinutes = 300_000;

/** A source over one secret that a test may change, or take away. */
function aSource() {
  const clock = new FakeClock();
  const { logger, lines } = createRecordingLogger();
  const kept = { level: 'info', isThere: true, reads: 0 };
  const source = createConfigSource(
    {
      deployed: false,
      environment: { LOG_LEVEL: 'kms-secret:level' },
      openSecrets: () => async () => {
        kept.reads += 1;
        if (!kept.isThere) throw new AppError('unavailable', 'KMS said Forbidden.NoPermission');
        return kept.level;
      },
    },
    { clock, logger },
  );
  return { clock, kept, lines, source };
}

describe('a source of configuration', () => {
  it('gives the same object without reading again within five minutes', async () => {
    const { clock, kept, source } = aSource();
    const first = await source.current();
    kept.level = 'debug';

    await clock.advance(fiveMinutes - 1);

    expect(await source.current()).toBe(first);
    expect(kept.reads).toBe(1);
  });

  it('reads again after five minutes, and gives the same object when nothing changed', async () => {
    const { clock, kept, source } = aSource();
    const first = await source.current();

    await clock.advance(fiveMinutes);

    expect(await source.current()).toBe(first);
    expect(kept.reads).toBe(2);
  });

  it('gives another configuration when a secret changed', async () => {
    const { clock, kept, source } = aSource();
    await source.current();
    kept.level = 'debug';

    await clock.advance(fiveMinutes);

    expect((await source.current()).logLevel).toBe('debug');
  });

  it.each([
    ['cannot be read', { isThere: false }],
    ['is wrong by now', { level: 'loud' }],
  ])(
    'goes on with what it has when a secret %s, says so, and waits before it asks again',
    async (_, change) => {
      const { clock, kept, lines, source } = aSource();
      const first = await source.current();
      Object.assign(kept, change);
      await clock.advance(fiveMinutes);

      expect([await source.current(), await source.current()]).toEqual([first, first]);

      expect(kept.reads).toBe(2);
      expect(lines.join()).toContain('could not be read again');
    },
  );

  it('raises the faults of a configuration that was never right', async () => {
    const { kept, source } = aSource();
    kept.level = 'loud';

    await expect(source.current()).rejects.toMatchObject({
      code: 'invalid_configuration',
      faults: [{ path: 'LOG_LEVEL' }],
    });
  });
});
