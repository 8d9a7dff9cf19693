import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { generateInventory } from '../../local/simulator/inventory.ts';
import type { RecordSnapshot } from '../../local/simulator/record.ts';
import type { Connection, Inventory } from '../../local/simulator/shapes.ts';
import { DEMO_ACCESS_KEY } from '../../local/simulator/simulator.ts';
import { isFinalJob } from '../../shared/job/state.ts';
import { type ChangeBody, ChangeList } from '../../shared/progress/change-body.ts';
import { JobBody } from '../../shared/progress/job-body.ts';
import { runProgram } from './processes.ts';
import type { RunningProgram } from './programs.ts';

type Environment = Readonly<Record<string, string>>;

/** A simulated cloud in a process of its own, which survives whatever happens to the host. */
export interface CloudProcess {
  url: string;
  /** What a host or worker needs to reach it. */
  environment: Environment;
  inventory: Inventory;
  record(): Promise<RecordSnapshot>;
}

/** The local host in a process of its own. */
export interface HostProcess extends RunningProgram {
  url: string;
  /** The admin token that this start printed; null when there was one already. */
  freshToken: string | null;
}

/** The API of a host as one caller uses it. */
export interface Caller {
  send(path: string, init?: RequestInit): Promise<Response>;
  submit(plan: unknown): Promise<JobBody>;
  job(id: string): Promise<JobBody>;
  changes(jobId: string): Promise<readonly ChangeBody[]>;
  /** Asks for the job until it is as wanted. */
  until(id: string, isReached: (job: JobBody) => boolean, timeoutMs?: number): Promise<JobBody>;
  ended(id: string, timeoutMs?: number): Promise<JobBody>;
}

const seed = 1;
const folders: string[] = [];

afterAll(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** A folder that is gone after the tests of this file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lanekeeper-e2e-'));
  folders.push(folder);
  return folder;
}

/** Quick looks, no budget that bites, and leases that end soon after a kill. */
export const quickWorker: Environment = {
  POLL_INTERVAL_MS: '100',
  LEASE_SECONDS: '2',
  WRITES_PER_MINUTE: '60000',
  READS_PER_MINUTE: '60000',
};

/** Starts the simulator as `npm run simulator` does, with changes that settle soon. */
export async function startCloud(
  size: { gateways: number; connectionsPerGateway: number; attachments: number },
  environment: Environment = {},
): Promise<CloudProcess> {
  const program = runProgram('local/simulator/main.ts', {
    PORT: '0',
    SIM_SEED: String(seed),
    SIM_GATEWAYS: String(size.gateways),
    SIM_CONNECTIONS_PER_GATEWAY: String(size.connectionsPerGateway),
    SIM_ATTACHMENTS: String(size.attachments),
    SIM_SETTLE_MS: '300-900',
    ...environment,
  });
  const [, url = ''] = await program.printed(/^listening on (\S+)$/m);
  return {
    url,
    inventory: generateInventory({ seed, ...size }),
    environment: {
      VPC_ENDPOINT: url,
      ALIBABA_CLOUD_ACCESS_KEY_ID: DEMO_ACCESS_KEY.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: DEMO_ACCESS_KEY.accessKeySecret,
    },
    async record() {
      const record: RecordSnapshot = JSON.parse(await textOf(`${url}/_simulator/record`));
      return record;
    },
  };
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Starts the host as `npm start` does, on a free port, and waits until it listens. */
export async function startHostProcess(environment: Environment): Promise<HostProcess> {
  const program = runProgram('local/host/main.ts', {
    PORT: '0',
    REQUESTS_PER_MINUTE: '100000',
    ...environment,
  });
  const [, url = ''] = await program.printed(/^listening on (http:\/\/127\.0\.0\.1:\d+)$/m);
  // Whatever belongs to the announcement is written in the same moment.
  await sleep(50);
  const [, freshToken = null] =
    /^admin token, shown only now: (\S+)$/m.exec(program.stdout()) ?? [];
  return { ...program, url, freshToken };
}

/** The API with a bearer token; null sends none. */
export function callerOf(url: string, token: string | null): Caller {
  const authorization: Record<string, string> =
    token === null ? {} : { authorization: `Bearer ${token}` };
  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${url}${path}`, { ...init, headers: { ...authorization, ...init.headers } });
  const caller: Caller = {
    send,
    async submit(plan) {
      const response = await send('/v1/jobs', jsonBody(plan));
      const text = await response.text();
      if (response.status !== 202) throw new Error(`not accepted: ${response.status} ${text}`);
      return JobBody.parse(JSON.parse(text));
    },
    async job(id) {
      return JobBody.parse(await (await send(`/v1/jobs/${id}`)).json());
    },
    async changes(jobId) {
      return ChangeList.parse(await (await send(`/v1/jobs/${jobId}/changes?limit=1000`)).json())
        .items;
    },
    async until(id, isReached, timeoutMs = 60_000) {
      for (let waitedMs = 0; ; waitedMs += 100) {
        const job = await caller.job(id);
        if (isReached(job)) return job;
        if (waitedMs >= timeoutMs) throw new Error(`still ${JSON.stringify(job)}`);
        await sleep(100);
      }
    },
    ended: (id, timeoutMs) => caller.until(id, (job) => isFinalJob(job.state), timeoutMs),
  };
  return caller;
}

/** A POST of a value as JSON. */
export function jsonBody(value: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

/** A plan for these connections in which nothing but the lanes holds anything back. */
export function planFor(
  connections: readonly Connection[],
  set: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return {
    title: 'end to end',
    targets: connections.map(({ regionId, id }) => ({ regionId, vpnConnectionId: id })),
    set,
    acceptOutage: true,
    rollout: { concurrency: '100%', redundancy: 'none' },
    verify: { tunnel: 'none' },
  };
}

/** How often the cloud really changed each connection, and how often two changes met. */
export function truthOf(record: RecordSnapshot): {
  effective: ReadonlyMap<string, number>;
  overlaps: number;
  maxInFlight: number;
} {
  const effective = new Map<string, number>();
  for (const write of record.writes) {
    if (!write.effective || write.vpnConnectionId === null) continue;
    effective.set(write.vpnConnectionId, (effective.get(write.vpnConnectionId) ?? 0) + 1);
  }
  return { effective, overlaps: record.overlaps.length, maxInFlight: record.maxInFlight };
}
