import { describe, expect, it } from 'vitest';
import { type TickReport, tick } from '../../../functions/scheduler/handler.ts';
import type { JobRecord } from '../../../shared/job/record.ts';
import { timerAlone } from '../../../shared/lane/worker-waker.ts';
import { AppError } from '../../../shared/platform/errors.ts';
import { runsAfter } from '../../../shared/schedule/cron.ts';
import type { NewSchedule, ScheduleRecord } from '../../../shared/schedule/record.ts';
import type { ScheduleStore } from '../../../shared/schedule/schedule-store.ts';
import { parseSchedule, type ScheduleInput } from '../../../shared/schedule/schema.ts';
import { storedPlanOf } from '../../../shared/schedule/stored-plan.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { planContext } from '../../helpers/factories.ts';
import { createRecordingLogger } from '../../helpers/recording-logger.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, region } from '../worker/fleet.ts';
import { useWorlds } from '../worker/worlds.ts';

const inventory = aFleet({ 'a@1': {}, 'b@1': {} });
const targets = ['a', 'b'].map((name) => ({ regionId: region, vpnConnectionId: `vco-${name}` }));
const plan = { title: 'stronger', targets, set: { IkeConfig: { IkeEncAlg: 'aes256' } } };
const minute = 60_000;
const hour = 60 * minute;

type ScheduleSettings = Partial<Record<keyof ScheduleInput, unknown>>;

/** Writes a schedule as the API does. Runs at each full hour unless it says otherwise. */
async function write(
  { scheduling: { schedules, sealer } }: VirtualWorld,
  settings: ScheduleSettings = {},
  name = 'nightly',
): Promise<void> {
  const { plan: checked, ...rest } = parseSchedule(
    { cron: '0 * * * *', plan, ...settings },
    planContext,
  );
  const stored = storedPlanOf(sealer, name, checked);
  const schedule: NewSchedule = { ...rest, name, plan: stored, updatedBy: 'ops' };
  await schedules.put(schedule, (moment) => runsAfter(rest, moment, 1)[0] ?? null);
}

function tickOf(
  { lanes, scheduling, clock }: VirtualWorld,
  schedules: ScheduleStore = scheduling.schedules,
): Promise<TickReport> {
  const { logger } = createRecordingLogger(clock);
  return tick({ ...scheduling, schedules, lanes, waker: timerAlone, logger }, String(clock.now()));
}

async function jobsOf({ jobs }: VirtualWorld): Promise<readonly JobRecord[]> {
  return (await jobs.list({ states: null, limit: 100, before: null })).toReversed();
}

async function read({ scheduling }: VirtualWorld, name = 'nightly'): Promise<ScheduleRecord> {
  const schedule = await scheduling.schedules.get(name);
  if (schedule === null) throw new Error(`no schedule ${name}`);
  return schedule;
}

/** Lets the time come for the next planned run, and some more pass. */
async function untilDue(world: VirtualWorld, lateMs = 0): Promise<string> {
  const { nextRunAt } = await read(world);
  await world.clock.sleep(Date.parse(nextRunAt ?? '') - world.clock.now() + lateMs);
  return nextRunAt ?? '';
}

/** The store, as a scheduler has it that dies just before or just after its run was stored. */
function dying(schedules: ScheduleStore, when: 'before' | 'after'): ScheduleStore {
  return {
    ...schedules,
    async run(run, deed) {
      if (when === 'after') await schedules.run(run, deed);
      throw new AppError('unavailable', 'the connection broke');
    },
  };
}

describe('a tick of the scheduler', () => {
  const open = useWorlds(withPostgres());

  it('submits the plan of a schedule when its time has come, and the worker carries it out', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world);
    const early = await tickOf(world);
    const plannedAt = await untilDue(world);

    const report = await tickOf(world);
    await world.drain();

    expect(early).toMatchObject({ runs: { submitted: 0 }, woken: false });
    expect(report).toMatchObject({ runs: { submitted: 1, skipped: 0, failed: 0 }, woken: true });
    const [job] = await jobsOf(world);
    expect(job).toMatchObject({
      title: 'stronger',
      scheduleName: 'nightly',
      createdBy: 'ops',
      state: 'succeeded',
    });
    expect(effectiveWrites(world).sort()).toEqual(['a', 'b']);
    expect(await read(world)).toMatchObject({
      nextRunAt: new Date(Date.parse(plannedAt) + hour).toISOString(),
      lastRun: { plannedAt, outcome: 'submitted' },
      lastJob: { id: job?.id, state: 'succeeded' },
    });
  });

  it('doubled, late and at the same time with itself submits it once', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world, { overlap: 'queue' });
    await untilDue(world, 20 * minute);

    const reports = await Promise.all(Array.from({ length: 6 }, () => tickOf(world)));
    await tickOf(world);

    expect(reports.reduce((sum, { runs }) => sum + runs.submitted, 0)).toBe(1);
    expect(await jobsOf(world)).toHaveLength(1);
  });

  it('makes up once what was missed, by the latest time that has come', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world, { overlap: 'queue' });
    const first = await untilDue(world, 5 * hour + 20 * minute);

    await tickOf(world);
    await tickOf(world);

    expect(await jobsOf(world)).toHaveLength(1);
    expect(await read(world)).toMatchObject({
      lastRun: { plannedAt: new Date(Date.parse(first) + 5 * hour).toISOString() },
      nextRunAt: new Date(Date.parse(first) + 6 * hour).toISOString(),
    });
  });

  it.each(['before', 'after'] as const)(
    'that dies right %s its run is stored neither loses nor doubles it',
    async (when) => {
      const world = await open({ simulator: { inventory } });
      await write(world, { overlap: 'queue' });
      const plannedAt = await untilDue(world);

      const dead = tickOf(world, dying(world.scheduling.schedules, when));
      await expect(dead).rejects.toThrow('the connection broke');
      await tickOf(world);

      expect(await jobsOf(world)).toHaveLength(1);
      expect(await read(world)).toMatchObject({ lastRun: { plannedAt, outcome: 'submitted' } });
    },
  );

  it('takes back leases even when schedules cannot be run', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world);
    await untilDue(world);
    await tickOf(world);
    await world.lanes.claim({ worker: 'gone', limit: 100, leaseSeconds: 30 });
    await world.clock.sleep(hour);

    const dead = tickOf(world, {
      ...world.scheduling.schedules,
      due: () => Promise.reject(new AppError('unavailable', 'no schedules today')),
    });
    await expect(dead).rejects.toThrow('no schedules today');

    expect(await tickOf(world)).toMatchObject({ reclaimed: 0, woken: true });
  });

  it('leaves a run out while the job before it is unfinished, and goes on after its end', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world);
    await untilDue(world);
    await tickOf(world);
    const [first] = await jobsOf(world);
    const plannedAt = await untilDue(world);

    const during = await tickOf(world);
    const skipped = await read(world);
    await world.drain();
    await untilDue(world);
    const afterwards = await tickOf(world);

    expect(during.runs).toEqual({ submitted: 0, skipped: 1, failed: 0 });
    expect(skipped).toMatchObject({
      lastRun: { plannedAt, outcome: 'skipped', reason: `${first?.id} was unfinished` },
    });
    expect(afterwards.runs.submitted).toBe(1);
    expect(await jobsOf(world)).toHaveLength(2);
  });

  it('lets runs queue where that is wanted, and their changes run one after the other', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world, { overlap: 'queue' });
    for (let turn = 0; turn < 3; turn += 1) {
      await untilDue(world);
      await tickOf(world);
    }

    await world.drain();

    expect((await jobsOf(world)).map(({ state }) => state)).toEqual(Array(3).fill('succeeded'));
    expect(world.simulator.record.overlaps()).toEqual([]);
  });

  it('reports a plan that no longer resolves by its job, and the schedule stays', async () => {
    const world = await open({ simulator: { inventory } });
    const select = { name: 'gone-*' };
    await write(world, { plan: { ...plan, targets: [{ regionId: region, select }] } });
    await untilDue(world);
    await tickOf(world);
    await world.drain();

    expect(await read(world)).toMatchObject({
      enabled: true,
      lastRun: { outcome: 'submitted' },
      lastJob: {
        state: 'failed',
        reason: expect.stringContaining('/targets/0/select matches no connection'),
      },
    });
    await untilDue(world);
    expect(await tickOf(world)).toMatchObject({ runs: { submitted: 1 } });
  });

  it('reports a plan that this version takes no longer, and does the other schedules', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world, {}, 'old');
    await write(world);
    const { schedules } = world.scheduling;
    const old = await read(world, 'old');
    await schedules.put(
      { ...old, plan: { shown: { ...plan, onFailure: 'explode' }, sealedSets: [] } },
      () => null,
    );
    await untilDue(world);

    const report = await tickOf(world);

    expect(report.runs).toEqual({ submitted: 1, skipped: 0, failed: 1 });
    expect(await read(world, 'old')).toMatchObject({
      enabled: true,
      nextRunAt: (await read(world)).nextRunAt,
      lastRun: {
        outcome: 'failed',
        reason: 'the plan has a fault: /onFailure must be stop, continue or rollback',
      },
      lastJob: null,
    });
  });

  it('does many schedules, each once', async () => {
    const world = await open({ simulator: { inventory } });
    const names = Array.from({ length: 45 }, (_, index) => `schedule-${index}`);
    for (const name of names) await write(world, {}, name);
    await world.clock.sleep(hour);

    const reports = await Promise.all([tickOf(world), tickOf(world)]);

    expect(reports.reduce((sum, { runs }) => sum + runs.submitted, 0)).toBe(45);
    expect((await jobsOf(world)).map(({ scheduleName }) => scheduleName).sort()).toEqual(
      names.sort(),
    );
  });

  it('sets the keys of a schedule, which nobody has seen since it was written', async () => {
    const world = await open({ simulator: { inventory } });
    await write(world, { plan: { ...plan, set: { IkeConfig: { Psk: 'n3wK3y' } } } });
    await untilDue(world);
    await tickOf(world);
    await world.drain();

    const psks = ['a', 'b'].map(
      (name) => world.simulator.state.connection(region, `vco-${name}`).ike.Psk,
    );
    expect(psks).toEqual(['n3wK3y', 'n3wK3y']);
  });
});
