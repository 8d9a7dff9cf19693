import { expect, it } from 'vitest';
import { createPgChangeVerbs } from '../../../shared/adapters/postgres/change-verbs.ts';
import { createPgJobVerbs } from '../../../shared/adapters/postgres/job-verbs.ts';
import { retryJob } from '../../../shared/job/retry-job.ts';
import { withPostgres } from '../../helpers/databases.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, planOf, region } from './fleet.ts';
import { useWorlds } from './worlds.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const settleMs = { min: 10_000, max: 10_000 };
const pollIntervalMs = 3_000;
const minute = 60_000;
const order = { actor: 'ops', reason: 'it looks good' };

const database = withPostgres();
const open = useWorlds(database);

/** Attachments, each a lane of its own. */
const inventory = aFleet(Object.fromEntries(names.map((name) => [name, {}])));

function world(): Promise<VirtualWorld> {
  return open({ simulator: { inventory, settleMs }, settings: { pollIntervalMs } });
}

/** When each connection was first written to, in the order of the plan. */
function writtenAt({ simulator }: VirtualWorld): readonly (number | null)[] {
  const writes = simulator.record.writes();
  return names.map((name) => {
    const write = writes.find((each) => each.vpnConnectionId === `vco-${name}`);
    return write?.acceptedAt ?? null;
  });
}

it('carries a job out batch by batch, and waits between them for somebody', async () => {
  const w = await world();
  const rollout = { concurrency: '100%', batches: [1, '50%', '100%'], batchPause: 'first' };
  const { id } = await w.submit(planOf(names, { rollout }));
  await w.drain();
  const paused = await w.jobs.get(id);
  await w.clock.sleep(10 * minute);
  const resumedAt = w.clock.now();
  await w.clock.track(() => createPgJobVerbs(database).order(id, 'resume', order));
  await w.drain();
  const at = writtenAt(w);

  expect(paused).toMatchObject({
    state: 'paused',
    reason: 'batch 1 of 3 has ended; resume the job to open the next one',
    counts: { succeeded: 1, queued: 5 },
  });
  expect(await w.jobs.get(id)).toMatchObject({ state: 'succeeded' });
  expect(at.slice(1, 3).every((ms) => ms !== null && ms >= resumedAt)).toBe(true);
  // The last batch began when the second had settled.
  const [secondBegan, thirdBegan] = [
    Math.max(...numbers(at.slice(1, 3))),
    Math.min(...numbers(at.slice(3))),
  ];
  expect(thirdBegan - secondBegan).toBeGreaterThanOrEqual(settleMs.min);
});

it('starts slowly: one, then two, then four at once', async () => {
  const w = await world();
  const { id } = await w.submit(
    planOf(names, { rollout: { concurrency: '100%', slowStart: true } }),
  );
  await w.drain();
  const waves = wavesOf(numbers(writtenAt(w)));

  expect(await w.jobs.get(id)).toMatchObject({ state: 'succeeded' });
  expect(waves).toEqual([1, 2, 3]);
});

it('starts in its window alone, and costs no running function before it', async () => {
  const w = await world();
  const begin = w.clock.now();
  const stamp = (ms: number): string => new Date(begin + ms).toISOString();
  const window = { notBefore: stamp(60 * minute), notAfter: stamp(60 * minute + 5_000) };
  const rollout = { concurrency: 3 };
  const { id } = await w.submit(planOf(names, { window, rollout }));
  await w.drain(w.worker(), 10 * minute);
  const waiting = await w.jobs.get(id);
  await w.drain(w.worker(), 120 * minute);
  const job = await w.jobs.get(id);
  const changes = await w.jobs.listChanges({ jobId: id, states: null, limit: 9, after: null });

  expect(waiting).toMatchObject({ state: 'waiting_for_window', startedAt: null });
  expect(Math.min(...numbers(writtenAt(w)))).toBeGreaterThanOrEqual(Date.parse(window.notBefore));
  expect(job).toMatchObject({ state: 'failed', counts: { succeeded: 3, cancelled: 3 } });
  expect(job?.reason).toContain('window_closed');
  expect(Date.parse(job?.finishedAt ?? '') - Date.parse(window.notAfter)).toBeLessThan(minute);
  expect(changes.flatMap(({ lastError }) => lastError?.class ?? [])).toEqual(
    Array(3).fill('window_closed'),
  );
});

it.each([
  ['under stop: at the sixth', 'stop', { failed: 6, cancelled: 44 }],
  ['under continue: never', 'continue', { failed: 50, cancelled: 0 }],
] as const)('stops a job of 50 whose maxErrors is 10 %, %s', async (_, onFailure, counts) => {
  const refusing = Array.from({ length: 50 }, (_each, index) => `r${index}`);
  const fleet = Object.fromEntries(
    refusing.map((name) => [name, { sim: 'sim:error=InvalidName' }]),
  );
  const w = await open({ simulator: { inventory: aFleet(fleet), settleMs } });
  const rollout = { concurrency: 1, maxErrors: '10%' };

  const { id } = await w.submit(planOf(refusing, { rollout, onFailure }));
  await w.drain();

  expect(await w.jobs.get(id)).toMatchObject({ state: 'failed', counts });
});

it('tries a failed change again, with another request', async () => {
  const sim = { sim: 'sim:error=InvalidParameter' };
  const w = await open({
    simulator: { inventory: aFleet({ a: sim, 'z@1': { sim: 'sim:never-settles' } }), settleMs },
    settings: { pollIntervalMs },
  });
  const { id } = await w.submit(planOf(['a', 'z'], { onFailure: 'continue' }));
  const draining = w.drain(w.worker(), 60 * minute);
  await w.clock.sleep(minute);
  const [failed] = await w.jobs.listChanges({
    jobId: id,
    states: ['failed'],
    limit: 9,
    after: null,
  });
  Object.assign(w.simulator.state.connection(region, 'vco-a'), { tags: [] });
  const named = { jobId: id, changeId: failed?.id ?? '' };
  await w.clock.track(() => createPgChangeVerbs(database).order(named, 'retry', order));
  await draining;
  const [again] = await w.jobs.listChanges({ jobId: id, states: null, limit: 1, after: null });

  expect(failed).toMatchObject({ vpnConnectionId: 'vco-a', state: 'failed' });
  expect(again).toMatchObject({ vpnConnectionId: 'vco-a', state: 'succeeded' });
  expect(effectiveWrites(w)).toContain('a');
  const tokens = w.simulator.record
    .writes()
    .filter(({ vpnConnectionId }) => vpnConnectionId === 'vco-a')
    .map(({ clientToken }) => clientToken);
  expect(new Set(tokens).size).toBe(2);
});

it('carries out in a second job what was cancelled in the first, with the same key', async () => {
  const w = await world();
  const { id } = await w.submit(planOf(names, { rollout: { concurrency: 2 } }));
  const draining = w.drain();
  await w.clock.sleep(3_000);
  await w.clock.track(() => createPgJobVerbs(database).order(id, 'cancel', order));
  await draining;
  const first = await w.jobs.get(id);
  const { job } = await retryJob(
    {
      jobs: w.jobs,
      sealer: w.sealer,
      digestKey: w.previewer().digestKey,
      ids: w.scheduling.ids,
      clock: w.clock,
    },
    { jobId: id, actor: 'ops', reason: 'goes on', idempotencyKey: null },
  );
  await w.drain();

  expect(first).toMatchObject({ state: 'cancelled', counts: { succeeded: 2, cancelled: 4 } });
  expect(await w.jobs.get(job.id)).toMatchObject({
    state: 'succeeded',
    retryOf: id,
    counts: { succeeded: 4 },
  });
  expect(effectiveWrites(w).sort()).toEqual(names);
  const keys = names.map((name) => w.simulator.state.connection(region, `vco-${name}`).ike.Psk);
  expect(new Set(keys)).toEqual(new Set(['newKey0123456789']));
});

function numbers(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** How many of these times lie close together, group by group. */
function wavesOf(times: readonly number[]): number[] {
  const waves: number[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const time of [...times].sort((a, b) => a - b)) {
    if (time - last < settleMs.min / 2) waves[waves.length - 1] = (waves.at(-1) ?? 0) + 1;
    else waves.push(1);
    last = time;
  }
  return waves;
}
