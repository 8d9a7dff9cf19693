import type { ChangeView } from '../shared/job/job-store.ts';
import { Plan } from '../shared/plan/schema.ts';
import { installOn } from '../test/helpers/devices.ts';
import { runBothAtOnceLoop } from './lib/both-at-once-loop.ts';
import type { Emit, Figure } from './lib/figures.ts';
import {
  type Judgement,
  judge,
  openRotationWorld,
  type RotationFleet,
} from './lib/rotation-world.ts';
import { costOf } from './lib/world.ts';

type RotationWorld = Awaited<ReturnType<typeof openRotationWorld>>;

/** Until what is latent has come to light: SAs live for a day. */
const limitMs = 3 * 86_400_000;

/** Where nothing comes to light before SAs are over, fewer do: each is looked at for a day. */
const fleets: readonly RotationFleet[] = [
  { connections: 1_000, effect: 'immediate' },
  { connections: 200, effect: 'at-rekey' },
];

/**
 * Fresh keys for 1,000 pairs of tunnels while the cloud misbehaves and one device in ten never takes a key over, judged by the
 * cloud's own record; the same by a loop that writes both tunnels in one call. Throws when a promise is broken.
 */
export async function rotation(emit: Emit): Promise<void> {
  for (const fleet of fleets) {
    const tookMs = await rotate(emit, fleet);
    await rotateAtOnce(emit, fleet, tookMs);
  }
}

function planFor(connections: RotationWorld['connections']): Plan {
  return Plan.parse({
    title: 'rotation',
    targets: connections.map(({ regionId, id }) => ({ regionId, vpnConnectionId: id })),
    rotatePsk: true,
    handover: { deliverTo: ['kms'] },
    rollout: { concurrency: '100%', maxErrors: '100%' },
    onFailure: 'rollback',
  });
}

/** Gives how long it took until nothing was to be done any more, in virtual milliseconds. */
async function rotate(emit: Emit, fleet: RotationFleet): Promise<number> {
  const world = await openRotationWorld(fleet);
  const { jobs, clock, simulator, connections } = world;
  const { id } = await world.submit(planFor(connections));
  await world.drain(world.worker(), limitMs);
  const params = { who: 'lanekeeper', ...fleet };
  const seen = judge(simulator);
  report(emit, seen, params);
  const job = await jobs.get(id);
  const makespan = Date.parse(job?.finishedAt ?? '') - Date.parse(job?.createdAt ?? '');
  const { reads, writes } = costOf(simulator.record.snapshot());
  emit('brought-back-and-proved', seen.broughtBack.length, 'connections', params);
  emit('makespan', makespan / 1_000, 's', params);
  emit('reads-per-connection', reads / connections.length, 'calls', params);
  emit('writes-per-connection', writes / connections.length, 'calls', params);
  const limit = connections.length;
  const changes = await jobs.listChanges({ jobId: id, states: null, limit, after: null });
  refuseBroken(world, changes, seen);
  await world.close();
  return clock.monotonic();
}

async function rotateAtOnce(emit: Emit, fleet: RotationFleet, untilMs: number): Promise<void> {
  const world = await openRotationWorld(fleet);
  const { api, clock, simulator, connections } = world;
  const inStateFile = await runBothAtOnceLoop(connections, {
    api,
    clock,
    parallel: 10,
    pollMs: 5_000,
    install: ({ regionId, id }, tunnelId, key) =>
      installOn(simulator, { regionId, vpnConnectionId: id, tunnelId }, key),
  });
  const makespan = clock.monotonic();
  // Nobody mends anything: it is judged when ours would have been over.
  await clock.sleep(Math.max(0, untilMs - makespan));
  const params = { who: 'both-at-once', ...fleet };
  report(emit, judge(simulator, inStateFile), params);
  emit('makespan', makespan / 1_000, 's', params);
  await world.close();
}

function report(emit: Emit, seen: Judgement, params: Figure['params']): void {
  emit('both-tunnels-down', seen.bothDownMs, 'ms', params);
  emit('interrupted', seen.interrupted, 'connections', params);
  emit('left-down', seen.leftDown, 'connections', params);
  emit('keys-lost', seen.keysLost, 'keys', params);
  emit('never-adopting', seen.stubborn.length, 'connections', params);
}

/** Holds the outcome against what was promised, by the cloud's record and by what the job says of itself. */
function refuseBroken(
  { simulator }: RotationWorld,
  changes: readonly ChangeView[],
  seen: Judgement,
): void {
  const { bothDownMs, keysLost, stubborn, broughtBack } = seen;
  const stubbornIds = new Set(stubborn.map(({ id }) => id));
  const others = changes.filter((change) => !endedRightly(change, stubbornIds));
  const { overlaps, tunnelOverlaps } = simulator.record.snapshot();
  const faults: readonly (readonly [count: number, what: string])[] = [
    [bothDownMs, 'ms in which both tunnels were down'],
    [keysLost, 'keys lost'],
    [stubborn.length - broughtBack.length, 'connections not back on their old keys and proved'],
    [others.length, 'changes that ended otherwise'],
    [overlaps.length, 'pairs of changes in flight on one lane'],
    [tunnelOverlaps.length, 'moments with both tunnels in flight'],
  ];
  const broken = faults.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  if (broken.length > 0) throw new Error(broken.join(', '));
}

/** What was refuted after its change had ended is taken back by a job of its own, and shows what it was refuted by. */
function endedRightly(
  { vpnConnectionId, state, verdict }: ChangeView,
  stubborn: ReadonlySet<string>,
): boolean {
  if (!stubborn.has(vpnConnectionId)) return state === 'succeeded' && verdict === 'proved';
  return state === 'rolled_back' || (state === 'succeeded' && verdict === 'refuted');
}
