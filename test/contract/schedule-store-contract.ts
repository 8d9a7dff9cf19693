import { describe, expect, it } from 'vitest';
import type { SqlWorld } from './lane-store-world.ts';
import { aSchedule, minute, nextHour, openSchedules } from './schedule-store-world.ts';

/** Schedules as they are written and read. */
export function defineScheduleStoreContract(world: SqlWorld): void {
  const { store, iso, now, stored, dueSchedule, plannedRun, aJobOf, jobIdOf, dueNames } =
    openSchedules(world);

  describe('writing', () => {
    it('creates a schedule with its first planned time', async () => {
      const sealedSets = [{ target: null, keys: { 'IkeConfig.Psk': 'sealed' } }];
      const plan = { shown: { title: 'naïve "ö"', targets: [1, { a: null }] }, sealedSets };
      const schedule = aSchedule({ plan, overlap: 'queue', minAge: 'P90D' });

      expect(await store().put(schedule, nextHour)).toBe('created');
      expect(await store().get('nightly')).toEqual({
        ...schedule,
        position: 1,
        version: 1,
        createdAt: now(),
        updatedAt: now(),
        nextRunAt: iso(nextHour(world.clock.now())),
        lastRun: null,
        lastJob: null,
      });
      expect(await store().get('Nightly')).toBeNull();
    });

    it('replaces all but its place, its creation and what its runs came to', async () => {
      const due = await dueSchedule();
      const run = plannedRun(due);
      const deed = aJobOf(run);
      await store().run(run, deed);
      await world.pass(minute);
      const other = aSchedule({ cron: '30 * * * *', timeZone: 'Asia/Shanghai', updatedBy: 'eve' });

      expect(await store().put(other, (moment) => moment + minute)).toBe('replaced');
      expect(await stored()).toMatchObject({
        ...other,
        position: due.position,
        createdAt: due.createdAt,
        updatedAt: now(),
        nextRunAt: iso(world.clock.now() + minute),
        lastRun: { plannedAt: due.nextRunAt, outcome: 'submitted' },
        lastJob: { id: jobIdOf(deed) },
      });
      expect((await stored()).version).toBeGreaterThan(due.version);
    });

    it('keeps a planned time that has come, unless the timetable is another one', async () => {
      const due = await dueSchedule();
      await world.pass(minute);

      await store().put(aSchedule({ overlap: 'queue' }), nextHour);
      const same = await stored();
      await store().put(aSchedule({ timeZone: 'Asia/Shanghai' }), nextHour);
      const other = await stored();

      expect(same.nextRunAt).toBe(due.nextRunAt);
      expect(other.nextRunAt).toBe(iso(nextHour(world.clock.now())));
    });

    it('forgets planned times while it is not enabled', async () => {
      await dueSchedule();

      await store().put(aSchedule({ enabled: false }), nextHour);
      const off = [await stored(), await dueNames()];
      await store().put(aSchedule(), nextHour);
      const on = [await stored(), await dueNames()];

      expect(off).toMatchObject([{ nextRunAt: null }, []]);
      expect(on).toMatchObject([{ nextRunAt: iso(nextHour(world.clock.now())) }, []]);
    });

    it('deletes a schedule and keeps its jobs', async () => {
      const run = plannedRun(await dueSchedule());
      const deed = aJobOf(run);
      await store().run(run, deed);

      expect([await store().remove('nightly'), await store().remove('nightly')]).toEqual([
        true,
        false,
      ]);
      expect(await store().get('nightly')).toBeNull();
      expect(await world.job(jobIdOf(deed))).toMatchObject({ scheduleName: 'nightly' });
    });

    it('lists schedules in the order of their creation, page by page', async () => {
      for (const name of ['c', 'a', 'b']) await store().put(aSchedule({ name }), nextHour);
      await store().put(aSchedule({ name: 'c', overlap: 'queue' }), nextHour);

      const first = await store().list({ limit: 2, after: null });
      const second = await store().list({ limit: 2, after: first.at(-1)?.position ?? null });

      expect([first, second].map((page) => page.map(({ name }) => name))).toEqual([
        ['c', 'a'],
        ['b'],
      ]);
    });
  });
}
