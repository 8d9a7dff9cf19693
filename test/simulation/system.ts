import { SimulatorError } from '../../local/simulator/errors.ts';
import { createSimulator, type Simulator } from '../../local/simulator/simulator.ts';
import { createKeyWatch } from './key-watch.ts';
import { invokeSubmit, invokeTick, invokeWorker, type ProcessParts } from './processes.ts';
import type { Sabotage } from './sabotages.ts';
import type { Actor, Stage } from './stage.ts';
import { Devices } from './staged-sink.ts';
import type { StoreSet } from './store-set.ts';
import type { ConsoleEdit, Submission, TunnelDrop, WorldPlan } from './worlds.ts';

/** A whole system on one stage. */
export interface System {
  simulator: Simulator;
  /** By its key, each job that a submitter heard of. */
  heard: ReadonlyMap<string, readonly string[]>;
  /** Tokens of writes that arrived after their senders had given them up. */
  stragglers: ReadonlySet<string>;
  devices: Devices;
  /** Where the cloud got keys that nobody had: a tunnel's, or a single-tunnel connection's, as often as it did. */
  untold: readonly string[];
  /** What the code threw or logged as an error where nobody expects it. */
  surprises: readonly string[];
  /** Orders that met a job which was running. */
  steered: readonly string[];
}

/** More often than in production, so that much goes on in a short time. */
const tickEveryMs = 20_000;
/** So many invocations at a time; more have to wait, as under a limit of concurrent instances. */
const mostWorkers = 3;
const queuedMs = 2_000;
const clientPatienceMs = 5_000;
const betweenTriesMs = 1_000;
const resumeEveryMs = 7_000;

/** Sets the system up and lets its clients, timers, workers and people begin. */
export function startSystem(
  stage: Stage,
  world: WorldPlan,
  options: { openStores: () => StoreSet; sabotage?: Sabotage },
): System {
  const simulator = createSimulator({
    clock: { now: () => stage.now(), sleep: () => Promise.resolve() },
    seed: stage.choices.seed,
    inventory: world.inventory,
    settleMs: world.settleMs,
    lateMs: world.lateMs,
    lateAccepts: world.lateAccepts,
    handshakeMs: world.rotating?.handshakeMs ?? 0,
  });
  const devices = new Devices(simulator);
  const untold: string[] = [];
  const told = createKeyWatch(simulator, world, devices);
  const heard = new Map<string, string[]>();
  const surprises: string[] = [];
  const stragglers = new Set<string>();
  const parts: ProcessParts = {
    stage,
    world,
    simulator,
    openStores: options.openStores,
    sabotage: options.sabotage ?? {},
    network: stage.actor('network'),
    wakeWorker: (afterMs) => wake(afterMs),
    devices,
    onWrite: (texts) => untold.push(...told(texts)),
    onStraggler: (clientToken) => stragglers.add(clientToken),
    surprise: (what) => surprises.push(what),
  };
  const wake = createWorkerPlatform(parts, stage.actor('platform'));
  for (const submission of world.submissions)
    begin(stage, `client-${submission.key}`, submission.atMs, (client) =>
      submit(parts, client, submission, heard),
    );
  for (const [index, edit] of world.edits.entries())
    begin(stage, `console-${index}`, edit.atMs, async () => editInConsole(simulator, edit));
  for (const [index, drop] of world.drops.entries())
    begin(stage, `peer-${index}`, drop.atMs, (peer) => dropTunnel(simulator, peer, drop));
  begin(stage, 'timer', tickEveryMs, (timer) => keepTicking(parts, timer));
  keepResuming(parts, stage.actor('operator'));
  const steered = steerJobs(parts, stage.actor('colleague'));
  return { simulator, heard, stragglers, devices, untold, surprises, steered };
}

function begin(
  stage: Stage,
  name: string,
  afterMs: number,
  life: (actor: Actor) => Promise<void>,
): void {
  const actor = stage.actor(name);
  const go = (): void => {
    stage.note(name, 'begins');
    void life(actor);
  };
  stage.schedule(afterMs, { actor, go });
}

/** Submits until it hears of a job: what does not answer is tried again under the same key. */
async function submit(
  parts: ProcessParts,
  client: Actor,
  submission: Submission,
  heard: Map<string, string[]>,
): Promise<void> {
  const jobs: string[] = [];
  heard.set(submission.key, jobs);
  while (jobs.length === 0) {
    const patience = new AbortController();
    const hear = (jobId: string | null): void => {
      if (jobId === null) return;
      jobs.push(jobId);
      patience.abort();
    };
    void invokeSubmit(parts, submission).then(hear);
    const trouble = parts.stage.choices.strike(client.moment('submits'), [['twice', 0.25]]);
    if (trouble === 'twice') void invokeSubmit(parts, submission).then(hear);
    await client.clock.sleep(clientPatienceMs, patience.signal);
    if (jobs.length === 0) await client.clock.sleep(betweenTriesMs);
  }
}

/** Invokes workers, each as soon as there are not too many. */
function createWorkerPlatform(parts: ProcessParts, platform: Actor): (afterMs: number) => void {
  let living: Actor[] = [];
  let waiting = 0;
  const wake = (afterMs: number): void => {
    // More invocations than can be at work say nothing new.
    if (waiting >= mostWorkers) return;
    waiting += 1;
    parts.stage.schedule(afterMs, { actor: platform, go });
  };
  const go = (): void => {
    waiting -= 1;
    living = living.filter(({ isDead }) => !isDead);
    if (living.length < mostWorkers) living.push(invokeWorker(parts));
    else wake(queuedMs);
  };
  return wake;
}

async function keepTicking(parts: ProcessParts, timer: Actor): Promise<void> {
  for (;;) {
    const trouble = parts.stage.choices.strike(timer.moment('ticks'), [
      ['never', 0.1],
      ['twice', 0.2],
      ['late', 0.2],
    ]);
    if (trouble === 'late') await timer.clock.sleep(tickEveryMs / 2);
    if (trouble !== 'never') invokeTick(parts);
    if (trouble === 'twice') invokeTick(parts);
    await timer.clock.sleep(tickEveryMs);
  }
}

/** Somebody pauses and cancels jobs, whatever their workers are in the middle of. Gives those orders that met a running job. */
function steerJobs({ stage, openStores, world }: ProcessParts, colleague: Actor): string[] {
  const { jobs, verbs } = openStores();
  const steered: string[] = [];
  for (const { atMs, job, verb } of world.orders) {
    const go = async (): Promise<void> => {
      const all = await jobs.list({ states: null, limit: 100, before: null });
      const meant = all[job % Math.max(1, all.length)];
      if (meant === undefined) return;
      stage.note(colleague.name, `${verb}s ${meant.title}`);
      const order = { actor: 'colleague', reason: 'a second look' };
      const { kind } = await verbs.order(meant.id, verb, order);
      if (kind === 'done' && meant.state === 'running') steered.push(`${verb} ${meant.id}`);
    };
    stage.schedule(atMs, { actor: colleague, go });
  }
  return steered;
}

/** Somebody looks in on jobs that pause after a batch, or that were paused, and lets them go on. */
function keepResuming({ stage, openStores }: ProcessParts, operator: Actor): void {
  const { jobs, verbs } = openStores();
  const order = { actor: 'operator', reason: 'it is fine' };
  const go = async (): Promise<void> => {
    const paused = await jobs.list({ states: ['paused'], limit: 100, before: null });
    for (const { id } of paused) await verbs.order(id, 'resume', order);
    stage.schedule(resumeEveryMs, { actor: operator, go });
  };
  stage.schedule(resumeEveryMs, { actor: operator, go });
}

function editInConsole(simulator: Simulator, edit: ConsoleEdit): void {
  const { connection, lifetime, settleMs } = edit;
  const { regionId, id } = connection;
  const { ipsec } = simulator.state.connection(regionId, id);
  const patch = lifetime === null ? {} : { ipsec: { ...ipsec, IpsecLifetime: lifetime } };
  try {
    simulator.state.tamper(regionId, id, patch, { settleMs });
  } catch (error) {
    // Somebody who finds the scope busy goes away.
    if (!(error instanceof SimulatorError)) throw error;
  }
}

async function dropTunnel(simulator: Simulator, peer: Actor, drop: TunnelDrop): Promise<void> {
  const { regionId, id, tunnels } = drop.connection;
  const tunnelId = tunnels[0]?.tunnelId;
  simulator.state.setNegotiation(regionId, id, 'ipsec_sa_not_established', tunnelId);
  await peer.clock.sleep(drop.forMs);
  simulator.state.setNegotiation(regionId, id, 'ipsec_sa_established', tunnelId);
}
