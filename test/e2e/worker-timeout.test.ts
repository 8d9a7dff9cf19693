import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type SimulatorServer, startSimulatorServer } from '../../local/simulator/server.ts';
import {
  createSimulator,
  DEMO_ACCESS_KEY,
  type Simulator,
} from '../../local/simulator/simulator.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import { aFleet, region } from '../function/worker/fleet.ts';
import { type Deployment, deploy, httpEvent } from '../helpers/deployment.ts';
import { type FunctionInstance, startInstance } from '../helpers/instance.ts';

// Each test carries a job out in real time, by processes that start one after the other.
vi.setConfig({ testTimeout: 120_000 });

const names = ['a', 'b', 'c', 'd', 'e'];
const inventory = aFleet({ 'a@1': {}, 'b@1': {}, 'c@1': {}, 'd@1': {}, e: {} });
const plan = {
  title: 'stronger algorithms',
  targets: names.map((name) => ({ regionId: region, vpnConnectionId: `vco-${name}` })),
  set: { Name: 'renamed' },
  rollout: { concurrency: '100%' },
};
const { accessKeyId, accessKeySecret } = DEMO_ACCESS_KEY;
const Run = z.object({ reason: z.string(), nextDueInMs: z.number().nullable() });
const HttpAnswer = z.object({
  statusCode: z.union([z.literal(200), z.literal(202)]),
  body: z.string().transform((text) => JobBody.parse(JSON.parse(text))),
});

let simulator: Simulator;
let server: SimulatorServer;
let deployment: Deployment;
const instances: FunctionInstance[] = [];

beforeEach(async () => {
  simulator = createSimulator({ inventory, settleMs: { min: 1_000, max: 1_000 } });
  server = await startSimulatorServer(simulator);
  deployment = await deploy({ id: accessKeyId, secret: accessKeySecret, token: null });
});
afterEach(async () => {
  for (const instance of instances.splice(0)) instance.process.kill('SIGKILL');
  await server.close();
  await deployment.close();
});

async function start(name: string, timeout = 60): Promise<FunctionInstance> {
  const instance = await startInstance({
    node: process.execPath,
    folder: deployment.folder,
    name,
    environment: {
      ...deployment.environment,
      VPC_ENDPOINT: server.url,
      POLL_INTERVAL_MS: '100',
      LEASE_SECONDS: '2',
    },
    context: {
      requestId: 'r-1',
      credentials: { accessKeyId, accessKeySecret, securityToken: '' },
      function: { name, timeout },
    },
  });
  instances.push(instance);
  await instance.initialize();
  return instance;
}

/** Submits the plan for all of them and gives a look at its job. */
async function submitJob(): Promise<() => Promise<JobBody>> {
  const submit = await start('submit');
  const accepted = await submit.handler(httpEvent('POST', '/v1/jobs', plan));
  const { id } = HttpAnswer.parse(accepted).body;
  return async () =>
    HttpAnswer.parse(await submit.handler(httpEvent('GET', `/v1/jobs/${id}`))).body;
}

/** What must hold however often the work was cut off. */
function expectOnceEach(): void {
  const written = simulator.record.writes().filter(({ effective }) => effective);
  expect(written.map(({ vpnConnectionId }) => vpnConnectionId).sort()).toEqual(
    names.map((name) => `vco-${name}`),
  );
  expect(simulator.record.overlaps()).toEqual([]);
}

describe('the worker, called as Function Compute calls it', () => {
  it('hands over before its timeout, and the next run goes on', async () => {
    const look = await submitJob();
    const worker = await start('worker', 4);
    const runs: (z.infer<typeof Run> & { seconds: number })[] = [];

    while ((await look()).finishedAt === null && runs.length < 20) {
      const startedAt = performance.now();
      const run = Run.parse(await worker.handler({ kind: 'wake' }));
      runs.push({ ...run, seconds: (performance.now() - startedAt) / 1_000 });
    }

    expect(await look()).toMatchObject({ state: 'succeeded' });
    expect(runs.length).toBeGreaterThan(1);
    expect(runs[0]).toMatchObject({ reason: 'budget' });
    for (const { seconds } of runs) expect(seconds).toBeLessThan(4);
    const [submitted, ...handedOver] = deployment.cloud.invocations.map(({ id }) => id);
    expect(submitted).toMatch(/^now_job_/);
    expect(handedOver[0]).toMatch(/^(now_wrk_|due_)/);
    expectOnceEach();
  });

  it('is killed in the middle of it, and the next run goes on', async () => {
    const look = await submitJob();
    const worker = await start('worker');
    const killed = worker.handler({ kind: 'wake' }).catch(() => 'killed');
    await vi.waitFor(() => expect(simulator.record.writes().length).toBeGreaterThan(0), {
      timeout: 30_000,
      interval: 20,
    });
    worker.process.kill('SIGKILL');

    expect(await killed).toBe('killed');
    expect((await look()).finishedAt).toBeNull();
    const next = await start('worker');
    // Leases of the dead one have to run out; until then a run may find nothing.
    await vi.waitFor(
      async () => {
        await next.handler({ kind: 'wake' });
        expect((await look()).finishedAt).not.toBeNull();
      },
      { timeout: 50_000, interval: 200 },
    );

    expect(await look()).toMatchObject({ state: 'succeeded' });
    expectOnceEach();
  });
});
