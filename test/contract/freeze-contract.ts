import { beforeAll, describe, expect, it } from 'vitest';
import { createPgFreezeStore } from '../../shared/adapters/postgres/freeze-store.ts';
import type { Freeze, FreezeStore } from '../../shared/freeze/freeze.ts';
import type { SqlWorld } from './lane-store-world.ts';

/** Scopes on which nothing may start. */
export function defineFreezeContract(world: SqlWorld): void {
  let freezes: FreezeStore;
  beforeAll(() => {
    freezes = createPgFreezeStore(world.database);
  });

  const inMs = (ms: number): string => new Date(world.clock.now() + ms).toISOString();
  const freeze = (scope: string, ms = 60_000, name = 'audit-week'): Promise<Freeze> =>
    freezes.put({ name, scope, until: inMs(ms), reason: 'no changes', createdBy: 'ops' });
  /** What every due lane starts. */
  const start = async (): Promise<string[]> => {
    const hand = world.hand();
    const started: string[] = [];
    for (const lane of await hand.claim()) {
      const { change } = await hand.next(lane);
      if (change) started.push(change.vpnConnectionId);
    }
    return started.sort();
  };

  describe('freezes', () => {
    it('are kept by name, the last writing wins', async () => {
      await freeze('all');
      const second = await freeze('region:cn-hangzhou', 30_000);

      expect(await freezes.get('audit-week')).toEqual(second);
      expect(second).toMatchObject({ scope: 'region:cn-hangzhou', until: inMs(30_000) });
      expect(await freezes.list()).toEqual([second]);
    });

    it('end by themselves', async () => {
      await freeze('all', 1_000, 'short');
      await freeze('all', 5_000, 'long');
      const before = (await freezes.list()).map(({ name }) => name);
      await world.pass(1_000);

      expect(before).toEqual(['short', 'long']);
      expect((await freezes.list()).map(({ name }) => name)).toEqual(['long']);
      expect(await freezes.get('short')).toBeNull();
      expect(await freezes.remove('short')).toBe(false);
    });

    it('are gone once they are removed', async () => {
      await freeze('all');

      expect(await freezes.remove('audit-week')).toBe(true);
      expect(await freezes.get('audit-week')).toBeNull();
      expect(await freezes.remove('audit-week')).toBe(false);
    });
  });

  describe('what is frozen', () => {
    it.each([
      ['all', []],
      ['region:cn-hangzhou', []],
      ['region:eu-central-1', ['a', 'b', 'c']],
      ['gateway:cn-hangzhou/1', ['b', 'c']],
      ['connection:cn-hangzhou/c', ['a', 'b']],
    ])('does not start under %s', async (scope, started) => {
      await world.release(['a@1', 'c@2', 'b@3']);
      await freeze(scope);

      expect(await start()).toEqual(started);
    });

    it('lets the other connections of its gateway pass', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      await freeze('connection:cn-hangzhou/a');
      const started = await start();

      expect(started).toEqual(['b']);
      expect(await world.states(jobId)).toEqual(['a:queued', 'b:applying']);
    });

    it('finishes what was in flight', async () => {
      const jobId = await world.release(['a@1', 'b@1']);
      const hand = world.hand();
      const held = await hand.next(await hand.take('1'));
      await freeze('all');
      const following = await hand.end(held);

      expect(following.change).toBeNull();
      expect(await world.states(jobId)).toEqual(['a:succeeded', 'b:queued']);
    });

    it('goes on after the freeze, when the lanes are repaired', async () => {
      await world.release(['a@1']);
      await freeze('all', 10_000);
      await start();
      const early = await world.lanes.repair();
      await world.pass(10_000);
      const { roused } = await world.lanes.repair();

      expect([early.roused, roused]).toEqual([0, 1]);
      expect(await start()).toEqual(['a']);
    });

    it('says with each waiting change which freeze it waits for, of several the last', async () => {
      const jobId = await world.release(['a@1']);
      await freeze('all', 10_000, 'short');
      await freeze('region:cn-hangzhou', 20_000, 'long');
      await freeze('region:eu-central-1', 30_000, 'elsewhere');
      const [change] = await world.jobs.listChanges({ jobId, states: null, limit: 1, after: null });

      expect(change?.freeze).toEqual({ name: 'long', reason: 'no changes', until: inMs(20_000) });
    });
  });
}
