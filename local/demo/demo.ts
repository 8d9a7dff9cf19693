import { Readable } from 'node:stream';
import { type VerifiedExport, verifyExport } from '../../shared/journal/verify-export.ts';
import type { Clock } from '../../shared/platform/clock.ts';
import { type Config, loadConfig } from '../../shared/platform/config.ts';
import { createLogger } from '../../shared/platform/logger.ts';
import type { Random } from '../../shared/platform/random.ts';
import { type Host, startHost } from '../host/host.ts';
import { type SimulatorServer, startSimulatorServer } from '../simulator/server.ts';
import { createSimulator, DEMO_ACCESS_KEY, type Simulator } from '../simulator/simulator.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { colleagueSettleMs, startColleague } from './colleague.ts';
import { checksOf, journalCheckOf } from './findings.ts';
import { createFleet, type DemoSize, type Fleet, simulatorOptionsOf } from './fleet.ts';
import { type Paint, paintFor } from './paint.ts';
import { type DemoPlan, rotationPlan, upgradePlan } from './plans.ts';
import { createScreen } from './screen.ts';
import { checkLines, summaryOf } from './summary.ts';
import { type WatchedJob, watchJobs } from './watch.ts';

export interface DemoOptions {
  size: DemoSize;
  seed: number;
  port: string;
  output: NodeJS.WriteStream;
  /** Takes every log line of the host. */
  log: (line: string) => void;
  clock: Clock;
  random: Random;
}

/** How the demo ended. */
export type DemoEnd = 'held' | 'broken' | 'interrupted';

interface Stage {
  fleet: Fleet;
  simulator: Simulator;
  cloud: SimulatorServer;
  host: Host;
  api: ApiClient;
  token: string;
  logLines: readonly string[];
}

/** Runs the whole demo and prints it to `output`. When `stop` aborts it ends early and in order. */
export async function runDemo(options: DemoOptions, stop: AbortSignal): Promise<DemoEnd> {
  const stage = await setStage(options);
  const colleague = new AbortController();
  try {
    return await perform(options, stage, { stop, colleague });
  } finally {
    colleague.abort();
    await stage.host.close();
    await stage.cloud.close();
  }
}

async function setStage(options: DemoOptions): Promise<Stage> {
  const { clock, random } = options;
  const fleet = createFleet(options.size, options.seed);
  const simulator = createSimulator(simulatorOptionsOf(fleet, options.seed));
  const cloud = await startSimulatorServer(simulator);
  const logLines: string[] = [];
  const write = (line: string): void => {
    logLines.push(line);
    options.log(line);
  };
  try {
    const logger = createLogger({ level: 'debug', clock, write });
    const config = await configOf(cloud.url, options.port);
    const host = await startHost({ config, clock, random, logger });
    const token = host.freshToken ?? '';
    const api = createApiClient(host.url, token, clock);
    return { fleet, simulator, cloud, host, api, token, logLines };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}

/** Nothing of the caller's environment or files: the demo neither needs nor touches them. */
function configOf(cloudUrl: string, port: string): Promise<Config> {
  return loadConfig({
    deployed: false,
    environment: {
      PORT: port,
      DATA_DIR: ':memory:',
      VPC_ENDPOINT: cloudUrl,
      KMS_ENDPOINT: cloudUrl,
      SINKS: JSON.stringify({ kms: { type: 'kms' } }),
      ALIBABA_CLOUD_ACCESS_KEY_ID: DEMO_ACCESS_KEY.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: DEMO_ACCESS_KEY.accessKeySecret,
      POLL_INTERVAL_MS: '150',
      WORKER_CONCURRENCY: '100',
      WRITES_PER_MINUTE: '60000',
      READS_PER_MINUTE: '60000',
    },
  });
}

async function perform(
  options: DemoOptions,
  stage: Stage,
  signals: { stop: AbortSignal; colleague: AbortController },
): Promise<DemoEnd> {
  const { output, clock } = options;
  const { fleet, simulator, api, logLines } = stage;
  const plans: readonly DemoPlan[] = [upgradePlan(fleet), rotationPlan(fleet)];
  output.write(introduction(stage, plans, paintFor(output)));
  const colleague = startColleague(
    { state: simulator.state, others: fleet.others, clock },
    signals.colleague.signal,
  );
  const screen = createScreen(output);
  const startedAt = clock.now();
  const jobs = await submitAll(api, plans);
  const { record } = simulator;
  const ended = await watchJobs(
    { api, clock, record, colleague, startedAt, show: screen.show },
    jobs,
    signals.stop,
  ).finally(() => screen.stop());
  if (signals.stop.aborted) return 'interrupted';
  signals.colleague.abort();
  // Their last edit is still in flight.
  await clock.sleep(colleagueSettleMs);
  const pages = await Promise.all(ended.map(({ job }) => api.changes(job.id)));
  const changes = pages.flat();
  const { answers } = api;
  const journals = await verifyJournals(api, ended);
  const evidence = { fleet, plans, simulator, colleague, changes, logLines, answers };
  const checks = [...checksOf(evidence), journalCheckOf(journals)];
  output.write(
    `\n${summaryOf({ changes, record: record.snapshot(), wallMs: wallMsOf(ended, startedAt) })}`,
  );
  output.write(`${checkLines(checks, paintFor(output))}\n`);
  return checks.every(({ holds }) => holds) ? 'held' : 'broken';
}

async function submitAll(
  api: ApiClient,
  plans: readonly DemoPlan[],
): Promise<readonly WatchedJob[]> {
  const jobs: WatchedJob[] = [];
  for (const { label, body } of plans) jobs.push({ label, job: await api.submit(body) });
  return jobs;
}

/** The journals of the jobs as anybody would check them: exported, and held against the service's public key. */
async function verifyJournals(
  api: ApiClient,
  jobs: readonly WatchedJob[],
): Promise<readonly VerifiedExport[]> {
  const exports = await Promise.all(jobs.map(({ job }) => api.sealedJournal(job.id)));
  const keys = await api.keys();
  return Promise.all(exports.map((lines) => verifyExport(Readable.from(lines), keys)));
}

function wallMsOf(jobs: readonly WatchedJob[], startedAt: number): number {
  const ends = jobs.map(({ job }) => Date.parse(job.finishedAt ?? job.createdAt));
  return Math.max(...ends) - startedAt;
}

function introduction(
  { fleet, host, token }: Stage,
  plans: readonly DemoPlan[],
  paint: Paint,
): string {
  const { regions, gateways, connections } = fleet.inventory;
  const attachments = connections.filter(({ vpnGatewayId }) => vpnGatewayId === null).length;
  const onGateways = connections.length - attachments;
  const planned = plans.map(
    (plan, index) =>
      `  plan ${index + 1}   ${plan.label}, ${plan.connections.length} connections\n`,
  );
  const lines = [
    paint('bold', 'Lanekeeper demo: everything in this process, nothing is kept'),
    '',
    `  cloud    simulated, ${regions.map(({ regionId }) => regionId).join(' and ')}`,
    `           ${onGateways} connections on ${gateways.length} gateways, ${attachments} on transit routers`,
    '           with lost replies, throttling, and people who edit the same gateways',
    `${planned.join('')}  API      ${host.url}, from another terminal:`,
    `           TOKEN=${token}`,
    `           curl -H "Authorization: Bearer $TOKEN" ${host.url.replace('http://', '')}/v1/jobs`,
    '',
    '',
  ];
  return lines.join('\n');
}
