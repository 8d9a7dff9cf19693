import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHintBell } from '../../local/worker/hint-bell.ts';
import { createWaker } from '../../shared/adapters/fc/waker.ts';
import type { WorkerWaker } from '../../shared/lane/worker-waker.ts';
import type { WakeConfig } from '../../shared/platform/config/wake.ts';
import { systemRandom as random } from '../../shared/platform/random.ts';
import { Secret } from '../../shared/platform/secret.ts';
import { FakeClock } from '../helpers/fake-clock.ts';
import {
  type FunctionCompute,
  type FunctionComputeKey,
  refuse,
  startFunctionCompute,
} from '../helpers/function-compute.ts';
import { describeWaker } from './worker-waker-contract.ts';

const role: FunctionComputeKey = { id: 'STS.role', secret: 'hush-secret', token: 'hush-token' };
const longLived: FunctionComputeKey = { id: 'LTAIlong', secret: 'hush-secret', token: null };
/** A temporary key whose id is not what the package takes for one. */
const renamed: FunctionComputeKey = { ...role, id: 'TMP.role' };
const apis = ['2016-08-15', '2023-03-30'] as const;

function configOf(api: (typeof apis)[number], endpoint: string): WakeConfig {
  const functionName = 'lk-worker';
  return api === '2023-03-30'
    ? { api, endpoint, functionName }
    : { api, endpoint, functionName, accountId: '123', region: 'cn-hangzhou', serviceName: 'vpn' };
}

function wakerOf(
  config: WakeConfig,
  key: FunctionComputeKey = role,
  clock: FakeClock = new FakeClock(),
): WorkerWaker {
  const credentials = async () => ({
    accessKeyId: key.id,
    accessKeySecret: new Secret(key.secret),
    securityToken: key.token === null ? null : new Secret(key.token),
  });
  return createWaker(config, { credentials, clock, random, timeoutMs: 300 });
}

describeWaker('within the process', async () => {
  const bell = createHintBell();
  const closing = new AbortController();
  let started = 0;
  const listen = (): Promise<void> =>
    bell.heard(closing.signal).then(() => {
      if (closing.signal.aborted) return;
      started += 1;
      void listen();
    });
  void listen();
  const waker: WorkerWaker = {
    async wake(hint) {
      await bell.wake(hint);
      await new Promise(setImmediate);
    },
  };
  return { waker, started: () => started, close: async () => closing.abort() };
});

for (const api of apis) {
  describeWaker(`of API ${api}`, async () => {
    const cloud = await startFunctionCompute(role);
    const now = (): number => cloud.invocations.filter((one) => one.delaySeconds === 0).length;
    return { waker: wakerOf(configOf(api, cloud.url)), started: now, close: () => cloud.close() };
  });
}

describe.each(apis)('waking by API %s', (api) => {
  let cloud: FunctionCompute;
  let waker: WorkerWaker;
  const clock = new FakeClock();
  const soon = { delaySeconds: 0, cause: 'job_1' };

  beforeEach(async () => {
    cloud = await startFunctionCompute(role);
    waker = wakerOf(configOf(api, cloud.url), role, clock);
  });
  afterEach(() => cloud.close());

  it('invokes the worker asynchronously with an event that it knows', async () => {
    await waker.wake(soon);

    expect(cloud.invocations).toEqual([
      {
        function: api === '2023-03-30' ? 'lk-worker' : 'vpn/lk-worker',
        id: 'now_job_1',
        delaySeconds: 0,
        event: '{"kind":"wake"}',
      },
    ]);
  });

  it('lets doubles be dropped, without a word', async () => {
    await waker.wake(soon);
    await waker.wake(soon);

    expect(cloud.invocations).toHaveLength(1);
    expect(cloud.requests()).toBe(2);
  });

  it('asks for one look in a second that several ask for, and for more in others', async () => {
    await waker.wake({ delaySeconds: 20, cause: 'run_1' });
    await waker.wake({ delaySeconds: 20, cause: 'run_2' });
    await waker.wake({ delaySeconds: 21, cause: 'run_1' });

    expect(cloud.invocations.map(({ delaySeconds }) => delaySeconds)).toEqual([20, 21]);
  });

  it.each([
    ['a long-lived key', longLived],
    ['a temporary key of another name', renamed],
  ])('signs with %s', async (_, key) => {
    const other = await startFunctionCompute(key);
    await wakerOf(configOf(api, other.url), key).wake(soon);

    expect(other.invocations).toHaveLength(1);
    await other.close();
  });

  it('is refused with a wrong key, and says what to do', async () => {
    const wrong = wakerOf(configOf(api, cloud.url), { ...role, secret: 'wrong' });

    await expect(wrong.wake(soon)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/403 Signature\w+; let the function's role/),
    });
    expect(cloud.requests()).toBe(1);
  });

  it.each<[string, Parameters<FunctionCompute['fail']>[0]]>([
    ['a dead connection', (response) => response.destroy()],
    ['a lost reply', 'lost reply'],
  ])('tries once more after %s, and starts one worker', async (_, fault) => {
    cloud.fail(fault);

    await waker.wake(soon);

    expect(cloud.invocations).toHaveLength(1);
    expect(cloud.requests()).toBe(2);
  });

  it('gives up on a connection that breaks again', async () => {
    cloud.fail(
      (response) => response.destroy(),
      (response) => response.destroy(),
    );

    await expect(waker.wake(soon)).rejects.toMatchObject({ code: 'unavailable' });
    expect(cloud.requests()).toBe(2);
  });

  it.each<[string, Parameters<FunctionCompute['fail']>[0], string]>([
    ['throttling', refuse(429, 'ResourceThrottled'), 'answered 429 ResourceThrottled'],
    ['a missing function', refuse(404, 'FunctionNotFound'), 'FC_WORKER_FUNCTION'],
    ['a role without the right', refuse(403, 'AccessDenied'), 'fc:InvokeFunction'],
    ['an inner error', refuse(500, 'InternalServerError'), '500 InternalServerError'],
    ['a page of a proxy', (response) => response.writeHead(502).end('<html>hush</html>'), 'answer'],
    [
      'JSON that says nothing',
      (response) => response.writeHead(500, { 'content-type': 'application/json' }).end('null'),
      'Unreadable',
    ],
    ['silence', () => undefined, 'did not answer in time'],
    [
      'an answer that stops in its middle',
      (response) => response.writeHead(202, { 'content-length': '100' }).write('{'),
      'did not answer in time',
    ],
  ])('fails at %s without trying again', async (_, fault, message) => {
    cloud.fail(fault);

    await expect(waker.wake(soon)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(message),
    });
    expect(cloud.requests()).toBe(1);
  });

  it('waits for an answer that takes a while', async () => {
    cloud.fail((response) => {
      void new Promise((resolve) => setImmediate(resolve)).then(() =>
        response.writeHead(202).end(),
      );
    });

    await expect(waker.wake(soon)).resolves.toBeUndefined();
  });

  it('never repeats what the cloud said, which could be anything', async () => {
    cloud.fail(refuse(400, 'hush hush', 'hush-token'));

    const error: unknown = await waker.wake(soon).catch((thrown: unknown) => thrown);

    expect(`${error} ${JSON.stringify(error)}`).not.toContain('hush');
  });
});
