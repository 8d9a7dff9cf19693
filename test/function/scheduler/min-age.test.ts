import { describe, expect, it } from 'vitest';
import type { ChangeView } from '../../../shared/job/job-store.ts';
import { newJobOf } from '../../../shared/job/submit-job.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { withPostgres } from '../../helpers/databases.ts';
import { planContext } from '../../helpers/factories.ts';
import type { VirtualWorld } from '../../helpers/virtual-world.ts';
import { aFleet, effectiveWrites, outcomesOf, planOf, region } from '../worker/fleet.ts';
import { useWorlds } from '../worker/worlds.ts';

const day = 86_400_000;
const inventory = aFleet({ 'a@1': {}, 'b@1': {}, c: {} });

function planFor(names: readonly string[], set: unknown, more: Record<string, unknown> = {}) {
  const targets = names.map((name) => ({ regionId: region, vpnConnectionId: `vco-${name}` }));
  const plan = { title: 'keys', targets, set, rollout: { concurrency: '100%' }, ...more };
  return parsePlan(plan, planContext);
}

/** Changes the keys of some connections, as a job of its own. */
async function rotate(world: VirtualWorld, names: readonly string[], key: string): Promise<void> {
  await world.submit(planFor(names, { IkeConfig: { Psk: key } }));
  await world.drain();
}

/** Carries out a job that leaves connections whose key was changed since, as one of a schedule. */
async function run(
  world: VirtualWorld,
  minAge: string | null,
  plan = planFor(['a', 'b', 'c'], { IkeConfig: { IkeEncAlg: 'aes256' } }),
): Promise<{ id: string; changes: readonly ChangeView[] }> {
  const { scheduling, jobs } = world;
  const schedule = { name: 'nightly', plannedAt: null, minAge };
  const input = { actor: 'ops', plan, idempotencyKey: null, schedule };
  const job = newJobOf(scheduling, input, await scheduling.digestKey());
  await jobs.accept(job);
  await world.drain();
  const changes = await jobs.listChanges({ jobId: job.id, states: null, limit: 99, after: null });
  return { id: job.id, changes };
}

const statesOf = (changes: readonly ChangeView[]): string[] =>
  changes.map(({ vpnConnectionId, state }) => `${vpnConnectionId}:${state}`);

describe('a job of a schedule with minAge', () => {
  const open = useWorlds(withPostgres());

  it('leaves connections whose key was changed since, and says when and by what', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['a'], 'k3y-1');
    const [rotation] = await world.jobs.list({ states: null, limit: 1, before: null });
    await world.clock.sleep(2 * day);

    const { id, changes } = await run(world, 'P3D');

    expect(statesOf(changes)).toEqual(['vco-a:skipped', 'vco-b:succeeded', 'vco-c:succeeded']);
    expect(changes[0]?.lastError).toEqual({
      code: 'RotatedSince',
      class: 'refused',
      requestId: null,
      message: expect.stringMatching(
        new RegExp(
          `^its key was changed at \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z by ${rotation?.id}; connections whose key is younger than P3D are left$`,
        ),
      ),
    });
    expect(await world.jobs.get(id)).toMatchObject({
      state: 'succeeded',
      counts: { skipped: 1, succeeded: 2, queued: 0 },
    });
    expect((await world.jobs.listEvents(changes[0]?.id ?? '')).at(-1)).toMatchObject({
      kind: 'finished',
      data: { state: 'skipped', error: { code: 'RotatedSince' } },
    });
    expect(effectiveWrites(world).filter((name) => name === 'a')).toHaveLength(1);
  });

  it('takes them again once their key is old enough', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['a'], 'k3y-1');
    await world.clock.sleep(3 * day);

    const { changes } = await run(world, 'P3D');

    expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:succeeded', 'vco-c:succeeded']);
  });

  it('counts the last rotation, of any job', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['a', 'b'], 'k3y-1');
    await world.clock.sleep(3 * day);
    await rotate(world, ['b'], 'k3y-2');

    const { changes } = await run(world, 'P1D');

    expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:skipped', 'vco-c:succeeded']);
  });

  it.each(['none', 'required'])(
    'counts one beside which somebody else set another field, verify.tunnel %s',
    async (tunnel) => {
      const settleMs = { min: 10_000, max: 10_000 };
      const world = await open({ simulator: { inventory, settleMs } });
      void world.clock
        .sleep(11_000)
        .then(() => world.simulator.state.tamper(region, 'vco-c', { enableDpd: false }));
      await world.submit(planFor(['c'], { IkeConfig: { Psk: 'k3y-1' } }, { verify: { tunnel } }));
      await world.drain();
      const [rotation] = await world.jobs.list({ states: null, limit: 1, before: null });
      expect(await outcomesOf(world.jobs, rotation?.id ?? '')).toMatchObject([
        { state: 'succeeded', code: 'ChangedElsewhere' },
      ]);

      const { changes } = await run(world, 'P3D');

      expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:succeeded', 'vco-c:skipped']);
    },
  );

  it('counts neither changes without a key nor a key that stood there already', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['b'], 'k3y-1');
    await world.clock.sleep(3 * day);
    await world.submit(planOf(['a'], { set: { IkeConfig: { IkeLifetime: 3_600 } } }));
    await rotate(world, ['b'], 'k3y-1');

    const { changes } = await run(world, 'P1D');

    expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:succeeded', 'vco-c:succeeded']);
  });

  it('counts neither what was taken back nor what brought it back', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['a'], 'k3y-1');
    const [rotation] = await world.jobs.list({ states: null, limit: 1, before: null });
    await world.clock.sleep(day);
    await world.rollback(rotation?.id ?? '');
    await world.drain();

    const { changes } = await run(world, 'P3D');

    expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:succeeded', 'vco-c:succeeded']);
  });

  it('that leaves all of them has succeeded at once', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['a', 'b', 'c'], 'k3y-1');

    const { id, changes } = await run(world, 'P3M');

    expect(new Set(changes.map(({ state }) => state))).toEqual(new Set(['skipped']));
    expect(await world.jobs.get(id)).toMatchObject({ state: 'succeeded', total: 3 });
  });

  it('leaves what its selectors took too', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['c'], 'k3y-1');
    const plan = parsePlan(
      {
        title: 'all',
        targets: [{ regionId: region, select: { name: '*' } }],
        set: { IkeConfig: { IkeEncAlg: 'aes256' } },
      },
      planContext,
    );

    const { changes } = await run(world, 'P1D', plan);

    expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:succeeded', 'vco-c:skipped']);
  });

  it('is one without when none is given', async () => {
    const world = await open({ simulator: { inventory } });
    await rotate(world, ['a'], 'k3y-1');

    const { changes } = await run(world, null);

    expect(statesOf(changes)).toEqual(['vco-a:succeeded', 'vco-b:succeeded', 'vco-c:succeeded']);
  });
});
