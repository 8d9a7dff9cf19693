import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createEventEntry, createHttpEntry } from '../../../../shared/adapters/fc/entry.ts';
import type {
  FunctionParts,
  Opening,
  Surroundings,
} from '../../../../shared/adapters/fc/instance.ts';
import { type DeployedConfig, loadConfig } from '../../../../shared/platform/config.ts';
import { AppError } from '../../../../shared/platform/errors.ts';
import { createHttpApp, jsonResponse } from '../../../../shared/platform/http/app.ts';
import { systemRandom as random } from '../../../../shared/platform/random.ts';
import { Secret } from '../../../../shared/platform/secret.ts';
import { FakeClock } from '../../../helpers/fake-clock.ts';

const context = {
  requestId: 'r-1',
  credentials: { accessKeyId: 'STS.1', accessKeySecret: 'hush', securityToken: 'hush' },
  function: { timeout: 60 },
};
const faults = [
  { path: 'DATABASE_URL', message: 'is required when deployed' },
  { path: 'SECRETS_KEY', message: 'is required when deployed' },
];
const Kind = z.object({ kind: z.literal('wake') });
const wake = Buffer.from('{"kind":"wake"}');

function httpEvent(path: string): unknown {
  return {
    version: 'v1',
    rawPath: path,
    requestContext: { http: { method: 'GET' } },
  };
}

/** None of these functions has a reference in its configuration. */
const noSecrets: FunctionParts<unknown>['secrets'] = () => () => () =>
  Promise.reject(new AppError('unavailable', 'there is no KMS here'));

async function deployedConfig(): Promise<DeployedConfig> {
  const config = await loadConfig({ deployed: false, environment: {} });
  const secret = new Secret('hush');
  return {
    ...config,
    database: { url: secret, dataDir: '' },
    tokens: [],
    secretsKey: { kind: 'raw', key: secret },
    deployed: true,
  };
}

let clock: FakeClock;
let lines: string[];
let failure: AppError | null;
let config: DeployedConfig | null;
let surroundings: Surroundings;
beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  failure = null;
  config = null;
  surroundings = {
    clock,
    write: (line) => lines.push(line),
    openConfig: () => ({
      async current() {
        if (failure) throw failure;
        config ??= await deployedConfig();
        return config;
      },
    }),
  };
});

/** A function that answers with the key that its invocation brought. */
function keyTeller() {
  return createHttpEntry(
    'teller',
    {
      secrets: noSecrets,
      open: async ({ logger, credentials }) =>
        createHttpApp({ logger, random }, [
          {
            method: 'GET',
            path: '/key',
            handle: async () => jsonResponse((await credentials()).accessKeyId),
          },
        ]),
    },
    surroundings,
  );
}

function eventFunction(
  run: (service: string, event: unknown, invocation: { stop: AbortSignal }) => Promise<unknown>,
  onOpen: (opening: Opening) => void = () => undefined,
) {
  const open = async (opening: Opening): Promise<string> => {
    onOpen(opening);
    return 'service';
  };
  return createEventEntry('events', { secrets: noSecrets, open, event: Kind, run }, surroundings);
}

describe('an instance', () => {
  it('opens once, before its first invocation or with it', async () => {
    let opened = 0;
    const count = (): void => {
      opened += 1;
    };
    const { handler, initialize } = eventFunction(async (service) => service, count);

    await Promise.all([initialize(context), initialize(context)]);

    expect(await Promise.all([handler(wake, context), handler(wake, context)])).toEqual([
      'service',
      'service',
    ]);
    expect(opened).toBe(1);
  });

  it('works with the credentials of each invocation', async () => {
    const { handler, fetch } = keyTeller();
    const other = { credentials: { ...context.credentials, accessKeyId: 'STS.2' } };

    expect((await handler(httpEvent('/key'), context)).body).toBe('"STS.1"');
    expect((await handler(httpEvent('/key'), other)).body).toBe('"STS.2"');
    expect((await handler(httpEvent('/key'), {})).statusCode).toBe(500);
    const response = await fetch(new Request('http://localhost/key'), other);
    expect(await response.json()).toBe('STS.2');
  });

  it('closes in reverse order at its end, after what is under way', async () => {
    const events: string[] = [];
    const { handler, preStop } = eventFunction(
      async (_service, _event, { stop }) => {
        await clock.sleep(3_600_000, stop);
        events.push('run');
      },
      ({ onClose }) => {
        onClose(() => void events.push('database'));
        onClose(() => void events.push('client'));
      },
    );
    const running = handler(wake, context);
    await new Promise(setImmediate);

    await preStop(context);

    await running;
    expect(events).toEqual(['run', 'client', 'database']);
  });
});

describe('an instance that cannot start', () => {
  beforeEach(() => {
    failure = new AppError('invalid_configuration', 'DATABASE_URL is required', { faults });
  });

  it('names every fault in one line, and answers 503 however often it is called', async () => {
    const { handler, initialize, fetch } = keyTeller();

    await initialize(context);
    const response = await handler(httpEvent('/key'), context);
    const other = await fetch(new Request('http://localhost/key'), context);

    expect(response.statusCode).toBe(503);
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'retry-after': '5',
    });
    expect(JSON.parse(response.body)).toMatchObject({ code: 'unavailable' });
    expect(response.body).not.toContain('DATABASE_URL');
    expect(other.status).toBe(503);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'error', message: 'configuration has faults', faults }),
    ]);
  });

  it('answers an event with the same, so that the platform does not repeat it', async () => {
    const { handler } = eventFunction(async () => 'reached');

    expect(await handler(wake, context)).toMatchObject({ statusCode: 503 });
  });

  it('tries again after a while, and tells only another fault', async () => {
    const { handler } = eventFunction(async () => 'reached');
    await handler(wake, context);
    await clock.advance(5_000);
    await handler(wake, context);
    expect(lines).toHaveLength(1);

    failure = new AppError('unavailable', 'the database does not answer');
    expect(await handler(wake, context)).toMatchObject({ statusCode: 503 });
    await clock.advance(5_000);
    expect(await handler(wake, context)).toMatchObject({ statusCode: 503 });
    failure = null;
    await clock.advance(5_000);

    expect(await handler(wake, context)).toBe('reached');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('the database does not answer');
  });

  it('closes what it had opened by then', async () => {
    failure = null;
    const closed: string[] = [];
    const { handler, preStop } = eventFunction(
      async () => 'reached',
      ({ onClose }) => {
        onClose(() => void closed.push('database'));
        throw new AppError('unavailable', 'no keyring');
      },
    );

    await handler(wake, context);
    await preStop(context);

    expect(closed).toEqual(['database']);
  });
});

describe('an event function', () => {
  it.each([
    ['another kind', Buffer.from('{"kind":"sweep","token":"hush"}')],
    ['an HTTP request', httpEvent('/')],
    ['no JSON', Buffer.from('hush')],
    ['nothing', undefined],
  ])('logs and acknowledges %s, without its content', async (_, event) => {
    const { handler } = eventFunction(async () => 'reached');

    expect(await handler(event, context)).toEqual({ kind: 'unknown' });
    expect(lines).toEqual([expect.stringContaining('event of an unknown kind')]);
    expect(lines.join()).not.toContain('hush');
  });

  it('logs a run that fails, and rejects, so that the platform counts it', async () => {
    const { handler } = eventFunction(async () => {
      throw new AppError('unavailable', 'the database does not answer');
    });

    await expect(handler(wake, context)).rejects.toMatchObject({ code: 'unavailable' });
    expect(lines).toEqual([expect.stringContaining('invocation failed')]);
  });
});

describe('an HTTP function', () => {
  it('logs an event that is no request, and answers it 400', async () => {
    const { handler } = keyTeller();

    expect(await handler(wake, context)).toMatchObject({ statusCode: 400 });
    expect(lines).toEqual([expect.stringContaining('event of an unknown kind')]);
  });
});
