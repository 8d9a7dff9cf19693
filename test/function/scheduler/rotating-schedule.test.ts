import { describe, expect, it } from 'vitest';
import { tick } from '../../../functions/scheduler/handler.ts';
import { timerAlone } from '../../../shared/lane/worker-waker.ts';
import { runsAfter } from '../../../shared/schedule/cron.ts';
import { parseSchedule } from '../../../shared/schedule/schema.ts';
import { storedPlanOf } from '../../../shared/schedule/stored-plan.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { planContext } from '../../helpers/factories.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { adopting, aFleet, aPair, keysOf, region, tunnelsWritten } from '../worker/fleet.ts';
import { aTellingSink } from '../worker/telling-sink.ts';
import { useWorlds } from '../worker/worlds.ts';

const settleMs = { min: 10_000, max: 10_000 };

/** A schedule that gives each pair fresh keys at noon, unless they were rotated within the last day and a half. */
async function write({ scheduling: { schedules, sealer } }: VirtualWorld): Promise<void> {
  const targets = ['a', 'b'].map((name) => ({ regionId: region, vpnConnectionId: `vco-${name}` }));
  const { plan, ...rest } = parseSchedule(
    {
      cron: '0 12 * * *',
      minAge: 'PT36H',
      plan: { title: 'keys', targets, rotatePsk: true, handover: { deliverTo: ['devices'] } },
    },
    { ...planContext, sinks: new Set(['devices']) },
  );
  const stored = storedPlanOf(sealer, 'keys', plan);
  const schedule = { ...rest, name: 'keys', plan: stored, updatedBy: 'ops' };
  await schedules.put(schedule, (moment) => runsAfter(rest, moment, 1)[0] ?? null);
}

/** What the next firing came to: its job, and each change with its verdict. */
async function fire(world: VirtualWorld) {
  const { lanes, scheduling, clock, jobs } = world;
  const { nextRunAt } = (await scheduling.schedules.get('keys')) ?? {};
  await clock.sleep(Date.parse(nextRunAt ?? '') - clock.now());
  const { logger } = createRecordingLogger(clock);
  await tick({ ...scheduling, lanes, waker: timerAlone, logger }, String(clock.now()));
  await world.drain();
  const [job] = await jobs.list({ states: null, limit: 1, before: null });
  const query = { jobId: job?.id ?? '', states: null, limit: 9, after: null };
  const changes = await jobs.listChanges(query);
  return { job, changes: changes.map(({ state, verdict }) => `${state} ${verdict}`) };
}

describe('a schedule that rotates keys', { timeout: 60_000 }, () => {
  const open = useWorlds(withPostgres());

  it('hands over and proves with each firing, and leaves what is younger than minAge', async () => {
    const sink = aTellingSink();
    const pairs = aFleet({ 'a@1': aPair('a'), 'b@2': aPair('b') });
    const ids = ['tun-a1', 'tun-a2', 'tun-b1', 'tun-b2'];
    const inventory = adopting(pairs, { kind: 'onDelivery' }, ids);
    const simulator = { inventory, settleMs, handshakeMs: 2_000 };
    const world = await open({ simulator, sinks: sink.sinks });
    sink.tells(world.simulator);
    const before = [...keysOf(world, 'a'), ...keysOf(world, 'b')];
    await write(world);

    const first = await fire(world);
    const rotated = [...keysOf(world, 'a'), ...keysOf(world, 'b')];
    const second = await fire(world);
    const left = [...keysOf(world, 'a'), ...keysOf(world, 'b')];
    const third = await fire(world);

    expect(first.job).toMatchObject({ scheduleName: 'keys', state: 'succeeded' });
    expect(first.changes).toEqual(['succeeded proved', 'succeeded proved']);
    expect(rotated).not.toContain(before[0]);
    expect(new Set(rotated).size).toBe(4);
    expect(second.changes).toEqual(['skipped null', 'skipped null']);
    expect(left).toEqual(rotated);
    expect(third.changes).toEqual(['succeeded proved', 'succeeded proved']);
    expect(keysOf(world, 'a')).not.toEqual(rotated.slice(0, 2));
    expect(sink.calls.filter((call) => call.startsWith('promote'))).toHaveLength(8);
    expect(tunnelsWritten(world)).toHaveLength(8);
    expect(world.simulator.record.outages().dual).toMatchObject({ count: 0, downMs: 0 });
  });
});
